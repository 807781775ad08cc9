-- AlterTable
ALTER TABLE "BankItem" ADD COLUMN     "approvedRevision" INTEGER,
ADD COLUMN     "parts" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "stem" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "stemKey" TEXT NOT NULL DEFAULT '';

-- CreateTable
CREATE TABLE "Exam" (
    "id" UUID NOT NULL,
    "courseId" UUID NOT NULL,
    "lessonId" UUID,
    "kind" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'draft',
    "opensAt" TIMESTAMPTZ(3),
    "closesAt" TIMESTAMPTZ(3),
    "durationMs" INTEGER,
    "attempts" INTEGER NOT NULL DEFAULT 1,
    "passPercent" INTEGER NOT NULL DEFAULT 60,
    "plan" JSONB NOT NULL,
    "multiple" TEXT NOT NULL DEFAULT 'all-or-nothing',
    "show" TEXT NOT NULL DEFAULT 'score',
    "shuffle" BOOLEAN NOT NULL DEFAULT true,
    "identity" TEXT NOT NULL DEFAULT 'not-required',
    "createdById" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "Exam_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ExamAllowance" (
    "examId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "extraMs" INTEGER NOT NULL,
    "ground" TEXT NOT NULL,
    "byId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ExamAllowance_pkey" PRIMARY KEY ("examId","userId")
);

-- CreateTable
CREATE TABLE "ExamAttempt" (
    "id" UUID NOT NULL,
    "examId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "seed" TEXT NOT NULL,
    "paper" JSONB NOT NULL,
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "deadline" TIMESTAMPTZ(3),
    "lease" INTEGER NOT NULL DEFAULT 1,
    "writerSid" UUID NOT NULL,
    "awaitingSid" UUID,
    "entryCheckId" UUID,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL,
    "visible" BOOLEAN NOT NULL DEFAULT true,
    "timesLeft" INTEGER NOT NULL DEFAULT 0,
    "checkDueAt" TIMESTAMPTZ(3),
    "submittedAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3),
    "endCause" TEXT,
    "gradingVersion" INTEGER NOT NULL DEFAULT 0,
    "earned" INTEGER,
    "most" INTEGER NOT NULL,
    "waiting" INTEGER NOT NULL DEFAULT 0,
    "passed" BOOLEAN,

    CONSTRAINT "ExamAttempt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ExamAnswer" (
    "attemptId" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "lease" INTEGER NOT NULL,
    "sequence" INTEGER NOT NULL,
    "answer" JSONB,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ExamAnswer_pkey" PRIMARY KEY ("attemptId","position")
);

-- CreateTable
CREATE TABLE "ExamStrayAnswer" (
    "attemptId" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "lease" INTEGER NOT NULL,
    "sequence" INTEGER NOT NULL,
    "standing" TEXT NOT NULL,
    "answer" JSONB,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "decidedAt" TIMESTAMPTZ(3),
    "decidedById" UUID,
    "accepted" BOOLEAN,

    CONSTRAINT "ExamStrayAnswer_pkey" PRIMARY KEY ("attemptId","position","lease","sequence")
);

-- CreateTable
CREATE TABLE "ExamEvent" (
    "id" BIGSERIAL NOT NULL,
    "attemptId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "ExamEvent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ExamGrading" (
    "attemptId" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "byId" UUID,
    "cause" TEXT NOT NULL,
    "reason" TEXT NOT NULL DEFAULT '',
    "earned" INTEGER NOT NULL,
    "most" INTEGER NOT NULL,
    "waiting" INTEGER NOT NULL,
    "passed" BOOLEAN,
    "lines" JSONB NOT NULL,

    CONSTRAINT "ExamGrading_pkey" PRIMARY KEY ("attemptId","version")
);

-- CreateIndex
CREATE INDEX "Exam_courseId_state_idx" ON "Exam"("courseId", "state");

-- CreateIndex
CREATE INDEX "ExamAttempt_userId_idx" ON "ExamAttempt"("userId");

-- CreateIndex
CREATE INDEX "ExamAttempt_endedAt_deadline_idx" ON "ExamAttempt"("endedAt", "deadline");

-- CreateIndex
CREATE UNIQUE INDEX "ExamAttempt_examId_userId_number_key" ON "ExamAttempt"("examId", "userId", "number");

-- CreateIndex
CREATE INDEX "ExamStrayAnswer_standing_decidedAt_idx" ON "ExamStrayAnswer"("standing", "decidedAt");

-- CreateIndex
CREATE INDEX "ExamEvent_attemptId_at_idx" ON "ExamEvent"("attemptId", "at");

-- AddForeignKey
ALTER TABLE "Exam" ADD CONSTRAINT "Exam_courseId_fkey" FOREIGN KEY ("courseId") REFERENCES "Course"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ExamAllowance" ADD CONSTRAINT "ExamAllowance_examId_fkey" FOREIGN KEY ("examId") REFERENCES "Exam"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ExamAttempt" ADD CONSTRAINT "ExamAttempt_examId_fkey" FOREIGN KEY ("examId") REFERENCES "Exam"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ExamAnswer" ADD CONSTRAINT "ExamAnswer_attemptId_fkey" FOREIGN KEY ("attemptId") REFERENCES "ExamAttempt"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ExamStrayAnswer" ADD CONSTRAINT "ExamStrayAnswer_attemptId_fkey" FOREIGN KEY ("attemptId") REFERENCES "ExamAttempt"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ExamEvent" ADD CONSTRAINT "ExamEvent_attemptId_fkey" FOREIGN KEY ("attemptId") REFERENCES "ExamAttempt"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ExamGrading" ADD CONSTRAINT "ExamGrading_attemptId_fkey" FOREIGN KEY ("attemptId") REFERENCES "ExamAttempt"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- [EX4] What an attempt refers to, and what was found about it, is never written over.
CREATE TRIGGER "BankItemRevision_append_only" BEFORE UPDATE OR DELETE ON "BankItemRevision" FOR EACH ROW EXECUTE FUNCTION keshi_append_only();
CREATE TRIGGER "ExamGrading_append_only" BEFORE UPDATE OR DELETE ON "ExamGrading" FOR EACH ROW EXECUTE FUNCTION keshi_append_only();
CREATE TRIGGER "ExamEvent_append_only" BEFORE UPDATE OR DELETE ON "ExamEvent" FOR EACH ROW EXECUTE FUNCTION keshi_append_only();
CREATE TRIGGER "ExamAttempt_paper_stands" BEFORE UPDATE OF "paper", "seed", "examId", "userId", "startedAt", "most" ON "ExamAttempt" FOR EACH ROW
  WHEN (OLD."paper" IS DISTINCT FROM NEW."paper" OR OLD."seed" <> NEW."seed" OR OLD."examId" <> NEW."examId" OR OLD."userId" <> NEW."userId"
    OR OLD."startedAt" <> NEW."startedAt" OR OLD."most" <> NEW."most")
  EXECUTE FUNCTION keshi_append_only();

UPDATE "BankItem" SET "approvedRevision" = "revision" WHERE "state" = 'approved';
