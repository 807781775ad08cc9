-- CreateTable
CREATE TABLE "FaceCheck" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "contextId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "purpose" TEXT NOT NULL,
    "hour" INTEGER,
    "cause" TEXT NOT NULL,
    "nonce" TEXT NOT NULL,
    "pictures" INTEGER NOT NULL,
    "motion" TEXT,
    "askedAt" TIMESTAMPTZ(3) NOT NULL,
    "deadline" TIMESTAMPTZ(3) NOT NULL,
    "answeredAt" TIMESTAMPTZ(3),
    "settledAt" TIMESTAMPTZ(3),
    "verdict" TEXT,
    "record" JSONB,
    "keyId" TEXT,
    "signature" TEXT,
    "traces" JSONB,
    "weighedAt" TIMESTAMPTZ(3),

    CONSTRAINT "FaceCheck_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "FaceCheckPicture" (
    "checkId" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "keyId" UUID NOT NULL,
    "pictureSealed" BYTEA NOT NULL,
    "takenAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "FaceCheckPicture_pkey" PRIMARY KEY ("checkId","position")
);

-- CreateIndex
CREATE UNIQUE INDEX "FaceCheck_nonce_key" ON "FaceCheck"("nonce");

-- CreateIndex
CREATE INDEX "FaceCheck_kind_contextId_userId_askedAt_idx" ON "FaceCheck"("kind", "contextId", "userId", "askedAt");

-- CreateIndex
CREATE INDEX "FaceCheck_userId_askedAt_idx" ON "FaceCheck"("userId", "askedAt");

-- CreateIndex
CREATE INDEX "FaceCheckPicture_takenAt_idx" ON "FaceCheckPicture"("takenAt");

-- AddForeignKey
ALTER TABLE "FaceCheckPicture" ADD CONSTRAINT "FaceCheckPicture_checkId_fkey" FOREIGN KEY ("checkId") REFERENCES "FaceCheck"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What follows Prisma's schema language cannot say.

ALTER TABLE "FaceCheck" ADD CONSTRAINT "FaceCheck_kind_check" CHECK ("kind" IN ('class', 'lesson', 'exam'));
ALTER TABLE "FaceCheck" ADD CONSTRAINT "FaceCheck_purpose_check" CHECK ("purpose" IN ('sign-in', 'check', 'recheck', 'exam') AND ("purpose" = 'sign-in' AND "kind" = 'class') = ("hour" IS NOT NULL));
ALTER TABLE "FaceCheck" ADD CONSTRAINT "FaceCheck_cause_check" CHECK ("cause" IN ('schedule', 'failed', 'detector', 'return'));
ALTER TABLE "FaceCheck" ADD CONSTRAINT "FaceCheck_motion_check" CHECK ("motion" IN ('left', 'right'));
-- A check is over once, with a verdict or, when its learner had gone, without.
ALTER TABLE "FaceCheck" ADD CONSTRAINT "FaceCheck_settled_check" CHECK ("verdict" IS NULL OR "settledAt" IS NOT NULL);
ALTER TABLE "FaceCheck" ADD CONSTRAINT "FaceCheck_signed_check" CHECK (("record" IS NULL) = ("signature" IS NULL) AND ("signature" IS NULL) = ("keyId" IS NULL));
-- One question at a time to one person in one place.
CREATE UNIQUE INDEX "FaceCheck_open_key" ON "FaceCheck"("kind", "contextId", "userId") WHERE "settledAt" IS NULL;
-- What waits to be weighed for incidents is little, whatever has been checked.
CREATE INDEX "FaceCheck_unweighed" ON "FaceCheck"("settledAt") WHERE "weighedAt" IS NULL AND "verdict" IS NOT NULL;
