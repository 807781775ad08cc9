-- CreateTable
CREATE TABLE "Incident" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "contextId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "courseId" UUID NOT NULL,
    "orgPath" TEXT NOT NULL,
    "openedAt" TIMESTAMPTZ(3) NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "decideBy" TIMESTAMPTZ(3) NOT NULL,
    "escalatedAt" TIMESTAMPTZ(3),
    "lookAskedAt" TIMESTAMPTZ(3),
    "lookAskedBy" UUID,
    "lookReasonSealed" TEXT,
    "decidedAt" TIMESTAMPTZ(3),
    "decidedBy" UUID,
    "ground" TEXT,
    "reasonSealed" TEXT,
    "reversalSeq" INTEGER,
    "appealBy" TIMESTAMPTZ(3),
    "appealedAt" TIMESTAMPTZ(3),
    "appealSealed" TEXT,
    "appealDecidedAt" TIMESTAMPTZ(3),
    "appealDecidedBy" UUID,
    "appealReasonSealed" TEXT,
    "keyId" UUID NOT NULL,
    "picturesGoneAt" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "Incident_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "IncidentCheck" (
    "checkId" UUID NOT NULL,
    "incidentId" UUID NOT NULL,

    CONSTRAINT "IncidentCheck_pkey" PRIMARY KEY ("checkId")
);

-- CreateTable
CREATE TABLE "IncidentPicture" (
    "incidentId" UUID NOT NULL,
    "checkId" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "pictureSealed" BYTEA NOT NULL,
    "takenAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "IncidentPicture_pkey" PRIMARY KEY ("incidentId","checkId","position")
);

-- CreateIndex
CREATE UNIQUE INDEX "Incident_keyId_key" ON "Incident"("keyId");

-- CreateIndex
CREATE INDEX "Incident_orgPath_decideBy_idx" ON "Incident"("orgPath", "decideBy");

-- CreateIndex
CREATE INDEX "Incident_userId_openedAt_idx" ON "Incident"("userId", "openedAt");

-- CreateIndex
CREATE INDEX "Incident_kind_contextId_userId_idx" ON "Incident"("kind", "contextId", "userId");

-- CreateIndex
CREATE INDEX "IncidentCheck_incidentId_idx" ON "IncidentCheck"("incidentId");

-- AddForeignKey
ALTER TABLE "IncidentCheck" ADD CONSTRAINT "IncidentCheck_checkId_fkey" FOREIGN KEY ("checkId") REFERENCES "FaceCheck"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "IncidentCheck" ADD CONSTRAINT "IncidentCheck_incidentId_fkey" FOREIGN KEY ("incidentId") REFERENCES "Incident"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "IncidentPicture" ADD CONSTRAINT "IncidentPicture_incidentId_fkey" FOREIGN KEY ("incidentId") REFERENCES "Incident"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- What follows Prisma's schema language cannot say.

ALTER TABLE "Incident" ADD CONSTRAINT "Incident_kind_check" CHECK ("kind" IN ('class', 'lesson', 'exam'));
ALTER TABLE "Incident" ADD CONSTRAINT "Incident_state_check" CHECK ("state" IN ('open', 'live-look', 'dismissed', 'confirmed', 'appealed', 'granted', 'refused'));
-- Nothing is decided by nobody, and nobody decides about himself [CH4].
ALTER TABLE "Incident" ADD CONSTRAINT "Incident_decided_check" CHECK (
  ("state" NOT IN ('open', 'live-look')) = ("decidedAt" IS NOT NULL)
  AND ("decidedAt" IS NULL) = ("decidedBy" IS NULL) AND ("decidedAt" IS NULL) = ("reasonSealed" IS NULL)
  AND "decidedBy" IS DISTINCT FROM "userId");
ALTER TABLE "Incident" ADD CONSTRAINT "Incident_confirmed_check" CHECK (
  ("state" IN ('confirmed', 'appealed', 'granted', 'refused')) = ("reversalSeq" IS NOT NULL)
  AND ("reversalSeq" IS NULL) = ("appealBy" IS NULL) AND ("reversalSeq" IS NULL) = ("ground" IS NULL));
ALTER TABLE "Incident" ADD CONSTRAINT "Incident_appeal_check" CHECK (
  ("state" IN ('appealed', 'granted', 'refused')) = ("appealedAt" IS NOT NULL)
  AND ("appealedAt" IS NULL) = ("appealSealed" IS NULL));
ALTER TABLE "Incident" ADD CONSTRAINT "Incident_appeal_decided_check" CHECK (
  ("state" IN ('granted', 'refused')) = ("appealDecidedAt" IS NOT NULL)
  AND ("appealDecidedAt" IS NULL) = ("appealDecidedBy" IS NULL)
  AND ("appealDecidedBy" IS NULL OR ("appealDecidedBy" <> "decidedBy" AND "appealDecidedBy" <> "userId")));
-- [PR4] One per learner and class, lesson or exam, beside those in which nothing was found in the end.
CREATE UNIQUE INDEX "Incident_standing_key" ON "Incident"("kind", "contextId", "userId") WHERE "state" NOT IN ('dismissed', 'granted');
-- What waits for a decision is little, whatever has been decided.
CREATE INDEX "Incident_undecided" ON "Incident"("decideBy") WHERE "state" IN ('open', 'live-look', 'appealed');
CREATE INDEX "Incident_holding" ON "Incident"("id") WHERE "picturesGoneAt" IS NULL;
