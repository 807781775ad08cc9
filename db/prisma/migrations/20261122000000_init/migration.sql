-- CreateTable
CREATE TABLE "Organization" (
    "id" UUID NOT NULL,
    "parentId" UUID,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "Organization_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "User" (
    "id" UUID NOT NULL,
    "orgId" UUID NOT NULL,
    "login" TEXT NOT NULL,
    "passwordHash" TEXT NOT NULL,
    "nameSealed" TEXT NOT NULL,
    "nameIndex" TEXT NOT NULL,
    "phoneSealed" TEXT,
    "phoneIndex" TEXT,
    "locale" TEXT NOT NULL DEFAULT 'zh-CN',
    "disabledAt" TIMESTAMPTZ(3),
    "failedLogins" INTEGER NOT NULL DEFAULT 0,
    "lockedUntil" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Membership" (
    "userId" UUID NOT NULL,
    "orgId" UUID NOT NULL,
    "role" TEXT NOT NULL,

    CONSTRAINT "Membership_pkey" PRIMARY KEY ("userId","orgId","role")
);

-- CreateTable
CREATE TABLE "LoginSession" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "refreshHash" TEXT NOT NULL,
    "previousHash" TEXT,
    "rotatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "userAgent" TEXT NOT NULL DEFAULT '',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3),
    "endReason" TEXT,

    CONSTRAINT "LoginSession_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AuditEntry" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actorId" UUID,
    "orgPath" TEXT NOT NULL DEFAULT '',
    "action" TEXT NOT NULL,
    "targetType" TEXT NOT NULL DEFAULT '',
    "targetId" TEXT NOT NULL DEFAULT '',
    "detail" JSONB NOT NULL DEFAULT '{}',
    "address" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "AuditEntry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Course" (
    "id" UUID NOT NULL,
    "orgId" UUID NOT NULL,
    "title" TEXT NOT NULL,
    "summary" TEXT NOT NULL DEFAULT '',
    "policy" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "Course_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ClassGroup" (
    "id" UUID NOT NULL,
    "courseId" UUID NOT NULL,
    "employerOrgId" UUID,
    "name" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "ClassGroup_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Enrolment" (
    "groupId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Enrolment_pkey" PRIMARY KEY ("groupId","userId")
);

-- CreateTable
CREATE TABLE "LiveClass" (
    "id" UUID NOT NULL,
    "groupId" UUID NOT NULL,
    "instructorId" UUID NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "title" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'scheduled',
    "scheduledStart" TIMESTAMPTZ(3) NOT NULL,
    "scheduledEnd" TIMESTAMPTZ(3) NOT NULL,
    "startedAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3),
    "slowModeSeconds" INTEGER NOT NULL DEFAULT 0,
    "seq" INTEGER NOT NULL DEFAULT 0,
    "fence" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "LiveClass_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "LiveSpan" (
    "id" UUID NOT NULL,
    "classId" UUID NOT NULL,
    "from" TIMESTAMPTZ(3) NOT NULL,
    "to" TIMESTAMPTZ(3),

    CONSTRAINT "LiveSpan_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ClassEvent" (
    "classId" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "type" TEXT NOT NULL,
    "audience" TEXT NOT NULL DEFAULT 'all',
    "actorId" UUID,
    "payload" JSONB NOT NULL,

    CONSTRAINT "ClassEvent_pkey" PRIMARY KEY ("classId","seq")
);

-- CreateTable
CREATE TABLE "ChatMessage" (
    "id" UUID NOT NULL,
    "classId" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "userId" UUID NOT NULL,
    "role" TEXT NOT NULL,
    "clientId" UUID NOT NULL,
    "text" TEXT NOT NULL,
    "deletedAt" TIMESTAMPTZ(3),
    "deletedBy" UUID,

    CONSTRAINT "ChatMessage_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Question" (
    "id" UUID NOT NULL,
    "classId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "userId" UUID NOT NULL,
    "clientId" UUID NOT NULL,
    "text" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "votes" INTEGER NOT NULL DEFAULT 0,
    "answer" TEXT,
    "answeredBy" UUID,
    "answeredAt" TIMESTAMPTZ(3),

    CONSTRAINT "Question_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "QuestionVote" (
    "questionId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "QuestionVote_pkey" PRIMARY KEY ("questionId","userId")
);

-- CreateTable
CREATE TABLE "Quiz" (
    "id" UUID NOT NULL,
    "classId" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "stem" TEXT NOT NULL,
    "options" JSONB NOT NULL,
    "correct" JSONB NOT NULL,
    "seconds" INTEGER NOT NULL,
    "position" INTEGER NOT NULL DEFAULT 0,
    "asked" INTEGER NOT NULL DEFAULT 0,
    "openedAt" TIMESTAMPTZ(3),
    "closesAt" TIMESTAMPTZ(3),
    "closedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "Quiz_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "QuizAnswer" (
    "quizId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "choice" JSONB NOT NULL,
    "correct" BOOLEAN NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "QuizAnswer_pkey" PRIMARY KEY ("quizId","userId")
);

-- CreateTable
CREATE TABLE "ClassMember" (
    "classId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "handRaisedAt" TIMESTAMPTZ(3),
    "stage" TEXT,
    "held" JSONB NOT NULL DEFAULT '[]',
    "mutedUntil" TIMESTAMPTZ(3),
    "bannedAt" TIMESTAMPTZ(3),

    CONSTRAINT "ClassMember_pkey" PRIMARY KEY ("classId","userId")
);

-- CreateTable
CREATE TABLE "ScreeningHit" (
    "id" UUID NOT NULL,
    "classId" UUID,
    "userId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "surface" TEXT NOT NULL,
    "category" TEXT NOT NULL,
    "terms" JSONB NOT NULL,
    "textSealed" TEXT NOT NULL,
    "orgPath" TEXT NOT NULL,

    CONSTRAINT "ScreeningHit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Visit" (
    "id" UUID NOT NULL,
    "classId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "role" TEXT NOT NULL,
    "nodeId" TEXT NOT NULL,
    "device" TEXT NOT NULL DEFAULT 'unknown',
    "openedAt" TIMESTAMPTZ(3) NOT NULL,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL,
    "visible" BOOLEAN NOT NULL DEFAULT true,
    "rttMs" INTEGER,
    "closedAt" TIMESTAMPTZ(3),
    "closeCause" TEXT,

    CONSTRAINT "Visit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PresenceInterval" (
    "id" UUID NOT NULL,
    "visitId" UUID NOT NULL,
    "classId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "from" TIMESTAMPTZ(3) NOT NULL,
    "lastProof" TIMESTAMPTZ(3) NOT NULL,
    "cause" TEXT NOT NULL DEFAULT 'open',

    CONSTRAINT "PresenceInterval_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Outage" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "from" TIMESTAMPTZ(3) NOT NULL,
    "to" TIMESTAMPTZ(3),
    "retryMs" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "Outage_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Organization_path_idx" ON "Organization"("path");

-- CreateIndex
CREATE UNIQUE INDEX "Organization_parentId_name_key" ON "Organization"("parentId", "name");

-- CreateIndex
CREATE UNIQUE INDEX "User_login_key" ON "User"("login");

-- CreateIndex
CREATE UNIQUE INDEX "User_phoneIndex_key" ON "User"("phoneIndex");

-- CreateIndex
CREATE INDEX "User_orgId_idx" ON "User"("orgId");

-- CreateIndex
CREATE INDEX "User_nameIndex_idx" ON "User"("nameIndex");

-- CreateIndex
CREATE INDEX "Membership_orgId_role_idx" ON "Membership"("orgId", "role");

-- CreateIndex
CREATE INDEX "LoginSession_userId_endedAt_idx" ON "LoginSession"("userId", "endedAt");

-- CreateIndex
CREATE INDEX "AuditEntry_at_idx" ON "AuditEntry"("at");

-- CreateIndex
CREATE INDEX "AuditEntry_actorId_at_idx" ON "AuditEntry"("actorId", "at");

-- CreateIndex
CREATE INDEX "AuditEntry_orgPath_at_idx" ON "AuditEntry"("orgPath", "at");

-- CreateIndex
CREATE INDEX "AuditEntry_targetType_targetId_idx" ON "AuditEntry"("targetType", "targetId");

-- CreateIndex
CREATE UNIQUE INDEX "Course_orgId_title_key" ON "Course"("orgId", "title");

-- CreateIndex
CREATE UNIQUE INDEX "ClassGroup_courseId_name_key" ON "ClassGroup"("courseId", "name");

-- CreateIndex
CREATE INDEX "Enrolment_userId_idx" ON "Enrolment"("userId");

-- CreateIndex
CREATE INDEX "LiveClass_instructorId_scheduledStart_idx" ON "LiveClass"("instructorId", "scheduledStart");

-- CreateIndex
CREATE INDEX "LiveClass_state_scheduledStart_idx" ON "LiveClass"("state", "scheduledStart");

-- CreateIndex
CREATE INDEX "LiveClass_scheduledStart_idx" ON "LiveClass"("scheduledStart");

-- CreateIndex
CREATE INDEX "LiveClass_groupId_scheduledStart_idx" ON "LiveClass"("groupId", "scheduledStart");

-- CreateIndex
CREATE UNIQUE INDEX "LiveClass_groupId_ordinal_key" ON "LiveClass"("groupId", "ordinal");

-- CreateIndex
CREATE INDEX "LiveSpan_classId_from_idx" ON "LiveSpan"("classId", "from");

-- CreateIndex
CREATE UNIQUE INDEX "ChatMessage_classId_userId_clientId_key" ON "ChatMessage"("classId", "userId", "clientId");

-- CreateIndex
CREATE UNIQUE INDEX "ChatMessage_classId_seq_key" ON "ChatMessage"("classId", "seq");

-- CreateIndex
CREATE INDEX "Question_classId_state_at_idx" ON "Question"("classId", "state", "at");

-- CreateIndex
CREATE UNIQUE INDEX "Question_classId_userId_clientId_key" ON "Question"("classId", "userId", "clientId");

-- CreateIndex
CREATE INDEX "Quiz_classId_openedAt_idx" ON "Quiz"("classId", "openedAt");

-- CreateIndex
CREATE INDEX "ScreeningHit_classId_at_idx" ON "ScreeningHit"("classId", "at");

-- CreateIndex
CREATE INDEX "ScreeningHit_orgPath_at_idx" ON "ScreeningHit"("orgPath", "at");

-- CreateIndex
CREATE INDEX "Visit_classId_userId_idx" ON "Visit"("classId", "userId");

-- CreateIndex
CREATE INDEX "Visit_nodeId_closedAt_idx" ON "Visit"("nodeId", "closedAt");

-- CreateIndex
CREATE INDEX "PresenceInterval_classId_userId_from_idx" ON "PresenceInterval"("classId", "userId", "from");

-- CreateIndex
CREATE INDEX "PresenceInterval_visitId_idx" ON "PresenceInterval"("visitId");

-- CreateIndex
CREATE INDEX "Outage_from_idx" ON "Outage"("from");

-- AddForeignKey
ALTER TABLE "Organization" ADD CONSTRAINT "Organization_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "Organization"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "User" ADD CONSTRAINT "User_orgId_fkey" FOREIGN KEY ("orgId") REFERENCES "Organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_orgId_fkey" FOREIGN KEY ("orgId") REFERENCES "Organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LoginSession" ADD CONSTRAINT "LoginSession_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Course" ADD CONSTRAINT "Course_orgId_fkey" FOREIGN KEY ("orgId") REFERENCES "Organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ClassGroup" ADD CONSTRAINT "ClassGroup_courseId_fkey" FOREIGN KEY ("courseId") REFERENCES "Course"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ClassGroup" ADD CONSTRAINT "ClassGroup_employerOrgId_fkey" FOREIGN KEY ("employerOrgId") REFERENCES "Organization"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Enrolment" ADD CONSTRAINT "Enrolment_groupId_fkey" FOREIGN KEY ("groupId") REFERENCES "ClassGroup"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Enrolment" ADD CONSTRAINT "Enrolment_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LiveClass" ADD CONSTRAINT "LiveClass_groupId_fkey" FOREIGN KEY ("groupId") REFERENCES "ClassGroup"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LiveClass" ADD CONSTRAINT "LiveClass_instructorId_fkey" FOREIGN KEY ("instructorId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LiveSpan" ADD CONSTRAINT "LiveSpan_classId_fkey" FOREIGN KEY ("classId") REFERENCES "LiveClass"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ClassEvent" ADD CONSTRAINT "ClassEvent_classId_fkey" FOREIGN KEY ("classId") REFERENCES "LiveClass"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Question" ADD CONSTRAINT "Question_classId_fkey" FOREIGN KEY ("classId") REFERENCES "LiveClass"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "QuestionVote" ADD CONSTRAINT "QuestionVote_questionId_fkey" FOREIGN KEY ("questionId") REFERENCES "Question"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Quiz" ADD CONSTRAINT "Quiz_classId_fkey" FOREIGN KEY ("classId") REFERENCES "LiveClass"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "QuizAnswer" ADD CONSTRAINT "QuizAnswer_quizId_fkey" FOREIGN KEY ("quizId") REFERENCES "Quiz"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- What follows Prisma's schema language cannot say.

-- Paths and logins are searched by prefix (LIKE '/a/b/%'), which a plain index serves only in the C collation.
ALTER TABLE "User" ALTER COLUMN "login" TYPE TEXT COLLATE "C";
ALTER TABLE "Organization" ALTER COLUMN "path" TYPE TEXT COLLATE "C";
ALTER TABLE "AuditEntry" ALTER COLUMN "orgPath" TYPE TEXT COLLATE "C";
ALTER TABLE "ScreeningHit" ALTER COLUMN "orgPath" TYPE TEXT COLLATE "C";
ALTER TABLE "Organization" ADD CONSTRAINT "Organization_path_check" CHECK ("path" LIKE '/%' AND "path" LIKE '%/' || "id"::text || '/');

-- B6: the later login ends the earlier one; two that race cannot both stay.
CREATE UNIQUE INDEX "LoginSession_one_per_user" ON "LoginSession"("userId") WHERE "endedAt" IS NULL;
-- Live time has one open end, a class has one open quiz, and an outage of one thing is open once.
CREATE UNIQUE INDEX "LiveSpan_one_open" ON "LiveSpan"("classId") WHERE "to" IS NULL;
CREATE UNIQUE INDEX "Quiz_one_open" ON "Quiz"("classId") WHERE "openedAt" IS NOT NULL AND "closedAt" IS NULL;
CREATE UNIQUE INDEX "Outage_one_open" ON "Outage"("kind", "scope") WHERE "to" IS NULL;

-- Which outages overlap a class: no index on one end alone answers that.
CREATE INDEX "Outage_range" ON "Outage" USING gist (tstzrange("from", "to"));

-- Closed unions.
ALTER TABLE "Organization" ADD CONSTRAINT "Organization_kind_check" CHECK ("kind" IN ('platform', 'authority', 'institution', 'employer'));
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_role_check" CHECK ("role" IN ('learner', 'instructor', 'staff', 'employer', 'regulator', 'expert', 'admin'));
ALTER TABLE "User" ADD CONSTRAINT "User_locale_check" CHECK ("locale" IN ('zh-CN', 'en'));
ALTER TABLE "LoginSession" ADD CONSTRAINT "LoginSession_endReason_check" CHECK (("endedAt" IS NULL) = ("endReason" IS NULL) AND "endReason" IN ('logout', 'replaced', 'revoked', 'expired', 'refresh-reused'));
ALTER TABLE "LiveClass" ADD CONSTRAINT "LiveClass_state_check" CHECK ("state" IN ('scheduled', 'live', 'paused', 'ended', 'cancelled'));
ALTER TABLE "LiveClass" ADD CONSTRAINT "LiveClass_schedule_check" CHECK ("scheduledEnd" > "scheduledStart");
ALTER TABLE "LiveClass" ADD CONSTRAINT "LiveClass_counters_check" CHECK ("seq" >= 0 AND "fence" >= 0 AND "slowModeSeconds" >= 0);
ALTER TABLE "LiveSpan" ADD CONSTRAINT "LiveSpan_order_check" CHECK ("to" >= "from");
ALTER TABLE "ChatMessage" ADD CONSTRAINT "ChatMessage_role_check" CHECK ("role" IN ('host', 'attendee', 'observer'));
ALTER TABLE "Question" ADD CONSTRAINT "Question_state_check" CHECK ("state" IN ('open', 'answered-live', 'answered-text', 'done', 'deleted'));
ALTER TABLE "Question" ADD CONSTRAINT "Question_votes_check" CHECK ("votes" >= 0);
ALTER TABLE "Quiz" ADD CONSTRAINT "Quiz_kind_check" CHECK ("kind" IN ('single', 'multiple', 'truefalse'));
ALTER TABLE "Quiz" ADD CONSTRAINT "Quiz_times_check" CHECK (("openedAt" IS NULL) = ("closesAt" IS NULL) AND ("closedAt" IS NULL OR "openedAt" IS NOT NULL) AND "seconds" > 0);
ALTER TABLE "ClassMember" ADD CONSTRAINT "ClassMember_stage_check" CHECK ("stage" IN ('invited', 'on'));
ALTER TABLE "ScreeningHit" ADD CONSTRAINT "ScreeningHit_surface_check" CHECK ("surface" IN ('chat', 'question', 'answer', 'quiz'));
ALTER TABLE "Visit" ADD CONSTRAINT "Visit_role_check" CHECK ("role" IN ('host', 'attendee', 'observer'));
ALTER TABLE "Visit" ADD CONSTRAINT "Visit_device_check" CHECK ("device" IN ('desktop', 'phone', 'tablet', 'unknown'));
ALTER TABLE "Visit" ADD CONSTRAINT "Visit_close_check" CHECK (("closedAt" IS NULL) = ("closeCause" IS NULL));
ALTER TABLE "PresenceInterval" ADD CONSTRAINT "PresenceInterval_cause_check" CHECK ("cause" IN ('open', 'hidden', 'left', 'lost', 'paused', 'ended', 'replaced', 'identity-overdue', 'node-lost'));
ALTER TABLE "PresenceInterval" ADD CONSTRAINT "PresenceInterval_order_check" CHECK ("lastProof" >= "from");
ALTER TABLE "Outage" ADD CONSTRAINT "Outage_order_check" CHECK ("to" >= "from");
ALTER TABLE "Outage" ADD CONSTRAINT "Outage_kind_check" CHECK ("kind" IN ('signaling', 'sfu', 'database', 'shared-state'));

-- The audit log only grows; what is past its term goes through the retention job, which says so in its session.
CREATE FUNCTION keshi_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('keshi.retention', true) = 'on' THEN RETURN OLD; END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END;
$$;
CREATE TRIGGER "AuditEntry_append_only" BEFORE UPDATE OR DELETE ON "AuditEntry" FOR EACH ROW EXECUTE FUNCTION keshi_append_only();
