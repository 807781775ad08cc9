-- AlterTable
ALTER TABLE "User" ADD COLUMN     "phoneVerifiedAt" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "IdentityDocument" (
    "userId" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "numberSealed" TEXT NOT NULL,
    "numberIndex" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "givenAt" TIMESTAMPTZ(3) NOT NULL,
    "decidedAt" TIMESTAMPTZ(3),
    "decidedBy" TEXT,
    "reason" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "IdentityDocument_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "IdentityCheck" (
    "userId" UUID NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "state" TEXT NOT NULL DEFAULT 'due',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "askedAt" TIMESTAMPTZ(3) NOT NULL,
    "nextAt" TIMESTAMPTZ(3) NOT NULL,
    "outcome" TEXT,
    "photo" TEXT,
    "checkedAt" TIMESTAMPTZ(3),

    CONSTRAINT "IdentityCheck_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "ConsentText" (
    "hash" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "locale" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "firstShownAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ConsentText_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "ConsentRecord" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "action" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "locale" TEXT NOT NULL,
    "textHash" TEXT NOT NULL,
    "address" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "ConsentRecord_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "FaceKey" (
    "userId" UUID NOT NULL,
    "keyId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "FaceKey_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "KeyDestruction" (
    "keyId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "requestedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "KeyDestruction_pkey" PRIMARY KEY ("keyId")
);

-- CreateTable
CREATE TABLE "FaceEnrolment" (
    "userId" UUID NOT NULL,
    "keyId" UUID NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'provisional',
    "enrolledAt" TIMESTAMPTZ(3) NOT NULL,
    "decidedAt" TIMESTAMPTZ(3),
    "decidedBy" TEXT,
    "reason" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "FaceEnrolment_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "FaceReference" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "keyId" UUID NOT NULL,
    "pose" TEXT NOT NULL,
    "descriptorSealed" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "FaceReference_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "FacePicture" (
    "userId" UUID NOT NULL,
    "keyId" UUID NOT NULL,
    "pictureSealed" BYTEA NOT NULL,
    "takenAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "FacePicture_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "FaceChallenge" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "keyId" UUID NOT NULL,
    "poses" JSONB NOT NULL,
    "position" INTEGER NOT NULL DEFAULT 0,
    "otherPersons" INTEGER NOT NULL DEFAULT 0,
    "state" TEXT NOT NULL DEFAULT 'open',
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "FaceChallenge_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "FaceChallengeFrame" (
    "challengeId" UUID NOT NULL,
    "step" INTEGER NOT NULL,
    "pose" TEXT NOT NULL,
    "factsSealed" BYTEA NOT NULL,
    "pictureSealed" BYTEA NOT NULL,

    CONSTRAINT "FaceChallengeFrame_pkey" PRIMARY KEY ("challengeId","step")
);

-- CreateTable
CREATE TABLE "PhoneCode" (
    "id" UUID NOT NULL,
    "purpose" TEXT NOT NULL,
    "phoneIndex" TEXT NOT NULL,
    "address" TEXT NOT NULL DEFAULT '',
    "codeHash" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "usedAt" TIMESTAMPTZ(3),

    CONSTRAINT "PhoneCode_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "IdentityDocument_numberIndex_key" ON "IdentityDocument"("numberIndex");

-- CreateIndex
CREATE INDEX "IdentityDocument_state_givenAt_idx" ON "IdentityDocument"("state", "givenAt");

-- CreateIndex
CREATE INDEX "IdentityCheck_state_nextAt_idx" ON "IdentityCheck"("state", "nextAt");

-- CreateIndex
CREATE INDEX "ConsentRecord_userId_at_idx" ON "ConsentRecord"("userId", "at");

-- CreateIndex
CREATE UNIQUE INDEX "FaceKey_keyId_key" ON "FaceKey"("keyId");

-- CreateIndex
CREATE INDEX "KeyDestruction_userId_idx" ON "KeyDestruction"("userId");

-- CreateIndex
CREATE INDEX "FaceEnrolment_state_enrolledAt_idx" ON "FaceEnrolment"("state", "enrolledAt");

-- CreateIndex
CREATE UNIQUE INDEX "FaceReference_userId_pose_key" ON "FaceReference"("userId", "pose");

-- CreateIndex
CREATE INDEX "FacePicture_takenAt_idx" ON "FacePicture"("takenAt");

-- CreateIndex
CREATE INDEX "FaceChallenge_userId_idx" ON "FaceChallenge"("userId");

-- CreateIndex
CREATE INDEX "FaceChallenge_expiresAt_idx" ON "FaceChallenge"("expiresAt");

-- CreateIndex
CREATE INDEX "PhoneCode_phoneIndex_createdAt_idx" ON "PhoneCode"("phoneIndex", "createdAt");

-- CreateIndex
CREATE INDEX "PhoneCode_address_createdAt_idx" ON "PhoneCode"("address", "createdAt");

-- CreateIndex
CREATE INDEX "PhoneCode_createdAt_idx" ON "PhoneCode"("createdAt");

-- AddForeignKey
ALTER TABLE "IdentityDocument" ADD CONSTRAINT "IdentityDocument_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "IdentityCheck" ADD CONSTRAINT "IdentityCheck_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ConsentRecord" ADD CONSTRAINT "ConsentRecord_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ConsentRecord" ADD CONSTRAINT "ConsentRecord_textHash_fkey" FOREIGN KEY ("textHash") REFERENCES "ConsentText"("hash") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FaceEnrolment" ADD CONSTRAINT "FaceEnrolment_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FaceReference" ADD CONSTRAINT "FaceReference_userId_fkey" FOREIGN KEY ("userId") REFERENCES "FaceEnrolment"("userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FacePicture" ADD CONSTRAINT "FacePicture_userId_fkey" FOREIGN KEY ("userId") REFERENCES "FaceEnrolment"("userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FaceChallengeFrame" ADD CONSTRAINT "FaceChallengeFrame_challengeId_fkey" FOREIGN KEY ("challengeId") REFERENCES "FaceChallenge"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What follows Prisma's schema language cannot say.

ALTER TABLE "IdentityDocument" ADD CONSTRAINT "IdentityDocument_state_check" CHECK ("state" IN ('pending', 'confirmed', 'refused'));
-- Who decided and when belong together, and a refusal says why.
ALTER TABLE "IdentityDocument" ADD CONSTRAINT "IdentityDocument_decided_check" CHECK (("state" = 'pending') = ("decidedAt" IS NULL) AND ("decidedAt" IS NULL) = ("decidedBy" IS NULL) AND ("state" <> 'refused' OR "reason" IS NOT NULL));
ALTER TABLE "IdentityCheck" ADD CONSTRAINT "IdentityCheck_state_check" CHECK ("state" IN ('due', 'answered') AND ("state" = 'answered') = ("outcome" IS NOT NULL));
ALTER TABLE "ConsentRecord" ADD CONSTRAINT "ConsentRecord_action_check" CHECK ("action" IN ('given', 'refused', 'withdrawn'));
ALTER TABLE "FaceEnrolment" ADD CONSTRAINT "FaceEnrolment_state_check" CHECK ("state" IN ('provisional', 'confirmed', 'refused'));
ALTER TABLE "FaceEnrolment" ADD CONSTRAINT "FaceEnrolment_decided_check" CHECK (("state" = 'provisional') = ("decidedAt" IS NULL) AND ("decidedAt" IS NULL) = ("decidedBy" IS NULL) AND ("state" <> 'refused' OR "reason" IS NOT NULL));
ALTER TABLE "FaceReference" ADD CONSTRAINT "FaceReference_pose_check" CHECK ("pose" IN ('centre', 'left', 'right'));
ALTER TABLE "FaceChallenge" ADD CONSTRAINT "FaceChallenge_state_check" CHECK ("state" IN ('open', 'done', 'failed'));
-- One attempt at a time: a new one ends the one before.
CREATE UNIQUE INDEX "FaceChallenge_open_key" ON "FaceChallenge"("userId") WHERE "state" = 'open';
ALTER TABLE "PhoneCode" ADD CONSTRAINT "PhoneCode_purpose_check" CHECK ("purpose" IN ('register', 'verify'));

-- What somebody agreed to, and that he did, only grows.
CREATE TRIGGER "ConsentText_append_only" BEFORE UPDATE OR DELETE ON "ConsentText" FOR EACH ROW EXECUTE FUNCTION keshi_append_only();
CREATE TRIGGER "ConsentRecord_append_only" BEFORE UPDATE OR DELETE ON "ConsentRecord" FOR EACH ROW EXECUTE FUNCTION keshi_append_only();
