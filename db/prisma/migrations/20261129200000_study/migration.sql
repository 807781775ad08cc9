-- CreateTable
CREATE TABLE "EarningLease" (
    "userId" UUID NOT NULL,
    "kind" TEXT,
    "contextId" UUID,
    "token" UUID,
    "takenAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "EarningLease_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "StudyProgress" (
    "userId" UUID NOT NULL,
    "lessonId" UUID NOT NULL,
    "courseId" UUID NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "state" JSONB NOT NULL,
    "countedMs" INTEGER NOT NULL DEFAULT 0,
    "completedAt" TIMESTAMPTZ(3),
    "dueAt" TIMESTAMPTZ(3),
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "taken" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "StudyProgress_pkey" PRIMARY KEY ("userId","lessonId")
);

-- CreateTable
CREATE TABLE "StudySession" (
    "id" UUID NOT NULL,
    "day" TEXT NOT NULL,
    "userId" UUID NOT NULL,
    "lessonId" UUID NOT NULL,
    "courseId" UUID NOT NULL,
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3) NOT NULL,
    "creditedMs" INTEGER NOT NULL,

    CONSTRAINT "StudySession_pkey" PRIMARY KEY ("id","day")
);

-- CreateTable
CREATE TABLE "StudyNote" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "lessonId" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "StudyNote_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "StudyProgress_courseId_userId_idx" ON "StudyProgress"("courseId", "userId");

-- CreateIndex
CREATE INDEX "StudySession_userId_day_idx" ON "StudySession"("userId", "day");

-- CreateIndex
CREATE INDEX "StudyNote_userId_lessonId_position_idx" ON "StudyNote"("userId", "lessonId", "position");


-- What follows Prisma's schema language cannot say.

-- A place has all three, or there is none.
ALTER TABLE "EarningLease" ADD CONSTRAINT "EarningLease_place_check" CHECK (
  "kind" IN ('live', 'lesson', 'exam') AND "contextId" IS NOT NULL AND "token" IS NOT NULL
  OR "kind" IS NULL AND "contextId" IS NULL AND "token" IS NULL);
ALTER TABLE "StudyProgress" ADD CONSTRAINT "StudyProgress_counted_check" CHECK ("countedMs" >= 0);
-- Both are written again and again in place: room for that keeps their indexes out of it.
ALTER TABLE "EarningLease" SET (fillfactor = 70);
ALTER TABLE "StudyProgress" SET (fillfactor = 60);
-- What waits for the ledger is little, whatever has been completed.
CREATE INDEX "StudyProgress_due" ON "StudyProgress"("dueAt") WHERE "dueAt" IS NOT NULL;

-- Lessons are entered in the ledger as well.
ALTER TABLE "LedgerEntry" DROP CONSTRAINT "LedgerEntry_kind_check";
ALTER TABLE "LedgerEntry" ADD CONSTRAINT "LedgerEntry_kind_check" CHECK ("content"->>'kind' IN ('settlement', 'correction', 'lesson', 'reversal', 'restoration'));
