-- CreateTable
CREATE TABLE "Notice" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "key" TEXT NOT NULL,
    "content" JSONB NOT NULL,
    "readAt" TIMESTAMPTZ(3),

    CONSTRAINT "Notice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "NoticeDelivery" (
    "noticeId" UUID NOT NULL,
    "channel" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'due',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "nextAt" TIMESTAMPTZ(3) NOT NULL,
    "sentAt" TIMESTAMPTZ(3),

    CONSTRAINT "NoticeDelivery_pkey" PRIMARY KEY ("noticeId","channel")
);

-- CreateTable
CREATE TABLE "NoticeSetting" (
    "userId" UUID NOT NULL,
    "mailSealed" TEXT,
    "mailVerifiedAt" TIMESTAMPTZ(3),
    "codeHash" TEXT,
    "codeSentAt" TIMESTAMPTZ(3),
    "codeAttempts" INTEGER NOT NULL DEFAULT 0,
    "mailKinds" JSONB NOT NULL DEFAULT '[]',
    "smsKinds" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "NoticeSetting_pkey" PRIMARY KEY ("userId")
);

-- CreateIndex
CREATE INDEX "Notice_userId_at_idx" ON "Notice"("userId", "at");

-- CreateIndex
CREATE UNIQUE INDEX "Notice_userId_key_key" ON "Notice"("userId", "key");

-- CreateIndex
CREATE INDEX "NoticeDelivery_state_nextAt_idx" ON "NoticeDelivery"("state", "nextAt");

-- AddForeignKey
ALTER TABLE "NoticeDelivery" ADD CONSTRAINT "NoticeDelivery_noticeId_fkey" FOREIGN KEY ("noticeId") REFERENCES "Notice"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What follows Prisma's schema language cannot say.

ALTER TABLE "NoticeDelivery" ADD CONSTRAINT "NoticeDelivery_channel_check" CHECK ("channel" IN ('mail', 'sms'));
ALTER TABLE "NoticeDelivery" ADD CONSTRAINT "NoticeDelivery_state_check" CHECK ("state" IN ('due', 'sent', 'given-up') AND ("state" = 'sent') = ("sentAt" IS NOT NULL));
ALTER TABLE "NoticeSetting" ADD CONSTRAINT "NoticeSetting_verified_check" CHECK ("mailVerifiedAt" IS NULL OR "mailSealed" IS NOT NULL);
-- What a count in the navigation asks every minute.
CREATE INDEX "Notice_unread" ON "Notice"("userId") WHERE "readAt" IS NULL;
