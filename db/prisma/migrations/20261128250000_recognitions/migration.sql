-- CreateTable
CREATE TABLE "Recognition" (
    "classId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "hour" INTEGER NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "cause" TEXT NOT NULL,
    "decidedAt" TIMESTAMPTZ(3),
    "decidedBy" UUID,
    "decision" TEXT,

    CONSTRAINT "Recognition_pkey" PRIMARY KEY ("classId","userId","hour")
);


-- What follows Prisma's schema language cannot say.

ALTER TABLE "Recognition" ADD CONSTRAINT "Recognition_cause_check" CHECK ("cause" IN ('no-face', 'errors', 'failed'));
ALTER TABLE "Recognition" ADD CONSTRAINT "Recognition_decision_check" CHECK ("decision" IN ('confirmed', 'refused'));
ALTER TABLE "Recognition" ADD CONSTRAINT "Recognition_decided_check" CHECK (("decision" IS NULL) = ("decidedAt" IS NULL) AND ("decision" IS NULL) = ("decidedBy" IS NULL));
CREATE INDEX "Recognition_waiting" ON "Recognition"("classId", "since") WHERE "decision" IS NULL;
-- What is forgotten after its term is found without going through all checks there ever were.
CREATE INDEX "FaceCheck_traced" ON "FaceCheck"("askedAt") WHERE "traces" IS NOT NULL;
