-- CreateTable
CREATE TABLE "ExamEntry" (
    "examId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL,
    "admittedAt" TIMESTAMPTZ(3),
    "admittedBy" UUID,

    CONSTRAINT "ExamEntry_pkey" PRIMARY KEY ("examId","userId","number")
);

-- AddForeignKey
ALTER TABLE "ExamEntry" ADD CONSTRAINT "ExamEntry_examId_fkey" FOREIGN KEY ("examId") REFERENCES "Exam"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- What follows Prisma's schema language cannot say.

ALTER TABLE "ExamEntry" ADD CONSTRAINT "ExamEntry_admitted_check" CHECK (("admittedAt" IS NULL) = ("admittedBy" IS NULL));
