-- AlterTable
ALTER TABLE "LiveClass" ADD COLUMN     "record" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "Recording" (
    "classId" UUID NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'recording',
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3),
    "durationMs" INTEGER,
    "views" JSONB NOT NULL DEFAULT '[]',
    "bytes" BIGINT,
    "hasPreview" BOOLEAN NOT NULL DEFAULT false,
    "reason" TEXT,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Recording_pkey" PRIMARY KEY ("classId")
);

-- CreateIndex
CREATE INDEX "Recording_state_updatedAt_idx" ON "Recording"("state", "updatedAt");

-- AddForeignKey
ALTER TABLE "Recording" ADD CONSTRAINT "Recording_classId_fkey" FOREIGN KEY ("classId") REFERENCES "LiveClass"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- What follows Prisma's schema language cannot say.

ALTER TABLE "Recording" ADD CONSTRAINT "Recording_state_check" CHECK ("state" IN ('recording', 'preparing', 'ready', 'failed'));
-- What plays has a length, and a failure has its reason.
ALTER TABLE "Recording" ADD CONSTRAINT "Recording_ready_check" CHECK ("state" <> 'ready' OR "durationMs" IS NOT NULL);
ALTER TABLE "Recording" ADD CONSTRAINT "Recording_sizes_check" CHECK ("durationMs" >= 0 AND "bytes" >= 0);
ALTER TABLE "Recording" ADD CONSTRAINT "Recording_failed_check" CHECK (("state" = 'failed') = ("reason" IS NOT NULL));
