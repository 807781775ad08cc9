-- CreateTable
CREATE TABLE "HourSignIn" (
    "id" UUID NOT NULL,
    "classId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "hour" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "method" TEXT NOT NULL,
    "byId" UUID,
    "verdictId" UUID,
    "countsFrom" TIMESTAMPTZ(3),

    CONSTRAINT "HourSignIn_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ClassSettlement" (
    "classId" UUID NOT NULL,
    "startedAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3) NOT NULL,
    "changes" INTEGER NOT NULL DEFAULT 0,
    "changedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "settledChanges" INTEGER,
    "settledAt" TIMESTAMPTZ(3),
    "policy" JSONB,

    CONSTRAINT "ClassSettlement_pkey" PRIMARY KEY ("classId")
);

-- CreateTable
CREATE TABLE "LedgerEntry" (
    "learnerId" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "position" BIGSERIAL NOT NULL,
    "courseId" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "earnedAt" TIMESTAMPTZ(3) NOT NULL,
    "capMs" BIGINT,
    "deltaMs" BIGINT NOT NULL,
    "balanceMs" BIGINT NOT NULL,
    "content" JSONB NOT NULL,
    "previousHash" TEXT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "LedgerEntry_pkey" PRIMARY KEY ("learnerId","seq")
);

-- CreateTable
CREATE TABLE "LedgerRoot" (
    "day" TEXT NOT NULL,
    "madeAt" TIMESTAMPTZ(3) NOT NULL,
    "position" BIGINT NOT NULL,
    "learners" INTEGER NOT NULL,
    "entries" BIGINT NOT NULL,
    "merkleRoot" TEXT NOT NULL,
    "changesHash" TEXT NOT NULL,
    "previousHash" TEXT NOT NULL,
    "keyId" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "signature" TEXT NOT NULL,

    CONSTRAINT "LedgerRoot_pkey" PRIMARY KEY ("day")
);

-- CreateTable
CREATE TABLE "LedgerRootChange" (
    "day" TEXT NOT NULL,
    "learnerId" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "LedgerRootChange_pkey" PRIMARY KEY ("day","learnerId")
);

-- CreateTable
CREATE TABLE "CreditDecision" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "byId" UUID NOT NULL,
    "textSealed" TEXT NOT NULL,

    CONSTRAINT "CreditDecision_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "HourSignIn_classId_userId_hour_key" ON "HourSignIn"("classId", "userId", "hour");

-- CreateIndex
CREATE INDEX "ClassSettlement_endedAt_idx" ON "ClassSettlement"("endedAt");

-- CreateIndex
CREATE UNIQUE INDEX "LedgerEntry_position_key" ON "LedgerEntry"("position");

-- CreateIndex
CREATE INDEX "LedgerEntry_courseId_learnerId_seq_idx" ON "LedgerEntry"("courseId", "learnerId", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "LedgerEntry_learnerId_key_key" ON "LedgerEntry"("learnerId", "key");

-- CreateIndex
CREATE UNIQUE INDEX "LedgerRoot_previousHash_key" ON "LedgerRoot"("previousHash");

-- CreateIndex
CREATE INDEX "LedgerRootChange_learnerId_idx" ON "LedgerRootChange"("learnerId");

-- AddForeignKey
ALTER TABLE "LedgerRootChange" ADD CONSTRAINT "LedgerRootChange_day_fkey" FOREIGN KEY ("day") REFERENCES "LedgerRoot"("day") ON DELETE RESTRICT ON UPDATE CASCADE;


-- What follows Prisma's schema language cannot say.

ALTER TABLE "HourSignIn" ADD CONSTRAINT "HourSignIn_hour_check" CHECK ("hour" >= 1);
ALTER TABLE "HourSignIn" ADD CONSTRAINT "HourSignIn_method_check" CHECK ("method" IN ('face', 'person') AND ("method" = 'person') = ("byId" IS NOT NULL));
ALTER TABLE "LedgerEntry" ADD CONSTRAINT "LedgerEntry_amounts_check" CHECK ("seq" >= 1 AND "balanceMs" >= 0);
ALTER TABLE "LedgerEntry" ADD CONSTRAINT "LedgerEntry_hashes_check" CHECK ("hash" ~ '^[0-9a-f]{64}$' AND "previousHash" ~ '^[0-9a-f]{64}$');
ALTER TABLE "LedgerEntry" ADD CONSTRAINT "LedgerEntry_kind_check" CHECK ("content"->>'kind' IN ('settlement', 'correction', 'reversal', 'restoration'));
-- Which entries are of a class.
CREATE INDEX "LedgerEntry_class" ON "LedgerEntry"(("content"->>'classId'), "learnerId") WHERE "content" ? 'classId';
-- What waits to be settled is little, whatever has been settled.
CREATE INDEX "ClassSettlement_due" ON "ClassSettlement"("endedAt") WHERE "settledChanges" IS DISTINCT FROM "changes";

-- The ledger and its roots only grow, for the retention job as well: they hold no personal data. TRUNCATE asks no row
-- trigger, so it has one of its own.
CREATE FUNCTION keshi_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END;
$$;
CREATE TRIGGER "LedgerEntry_append_only" BEFORE UPDATE OR DELETE ON "LedgerEntry" FOR EACH ROW EXECUTE FUNCTION keshi_never_changes();
CREATE TRIGGER "LedgerEntry_no_truncate" BEFORE TRUNCATE ON "LedgerEntry" FOR EACH STATEMENT EXECUTE FUNCTION keshi_never_changes();
CREATE TRIGGER "LedgerRoot_append_only" BEFORE UPDATE OR DELETE ON "LedgerRoot" FOR EACH ROW EXECUTE FUNCTION keshi_never_changes();
CREATE TRIGGER "LedgerRoot_no_truncate" BEFORE TRUNCATE ON "LedgerRoot" FOR EACH STATEMENT EXECUTE FUNCTION keshi_never_changes();
CREATE TRIGGER "LedgerRootChange_append_only" BEFORE UPDATE OR DELETE ON "LedgerRootChange" FOR EACH ROW EXECUTE FUNCTION keshi_never_changes();
CREATE TRIGGER "LedgerRootChange_no_truncate" BEFORE TRUNCATE ON "LedgerRootChange" FOR EACH STATEMENT EXECUTE FUNCTION keshi_never_changes();

-- A class that ends is to be settled: said by the same commit, so that no crash in between forgets it.
CREATE FUNCTION keshi_class_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "ClassSettlement" ("classId", "startedAt", "endedAt")
  VALUES (NEW."id", NEW."startedAt", COALESCE(NEW."endedAt", now())) ON CONFLICT ("classId") DO NOTHING;
  RETURN NULL;
END;
$$;
CREATE TRIGGER "LiveClass_ended" AFTER INSERT OR UPDATE OF "state" ON "LiveClass" FOR EACH ROW
  WHEN (NEW."state" = 'ended') EXECUTE FUNCTION keshi_class_ended();
INSERT INTO "ClassSettlement" ("classId", "startedAt", "endedAt")
  SELECT "id", "startedAt", COALESCE("endedAt", "scheduledEnd") FROM "LiveClass" WHERE "state" = 'ended';

-- A fact that comes after the end says that the class is to be settled again. While a class runs it has no row there and
-- nothing is written. Rows are locked in one order, so that two batches that concern the same classes wait and do not
-- block each other.
CREATE FUNCTION keshi_facts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  concerned uuid[];
BEGIN
  SELECT array_agg("classId") INTO concerned FROM (
    SELECT "classId" FROM "ClassSettlement"
    WHERE "classId" IN (SELECT DISTINCT "classId" FROM facts) ORDER BY "classId" FOR NO KEY UPDATE
  ) AS locked;
  IF concerned IS NOT NULL THEN
    UPDATE "ClassSettlement" SET "changes" = "changes" + 1, "changedAt" = clock_timestamp() WHERE "classId" = ANY(concerned);
  END IF;
  RETURN NULL;
END;
$$;
CREATE TRIGGER "PresenceInterval_new_fact" AFTER INSERT ON "PresenceInterval" REFERENCING NEW TABLE AS facts FOR EACH STATEMENT EXECUTE FUNCTION keshi_facts_changed();
CREATE TRIGGER "PresenceInterval_better_fact" AFTER UPDATE ON "PresenceInterval" REFERENCING NEW TABLE AS facts FOR EACH STATEMENT EXECUTE FUNCTION keshi_facts_changed();
CREATE TRIGGER "HourSignIn_new_fact" AFTER INSERT ON "HourSignIn" REFERENCING NEW TABLE AS facts FOR EACH STATEMENT EXECUTE FUNCTION keshi_facts_changed();
CREATE TRIGGER "HourSignIn_better_fact" AFTER UPDATE ON "HourSignIn" REFERENCING NEW TABLE AS facts FOR EACH STATEMENT EXECUTE FUNCTION keshi_facts_changed();

-- [AT4] An outage concerns the classes it overlaps, and those somebody may have been on the way back to.
CREATE FUNCTION keshi_outage_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  concerned uuid[];
BEGIN
  SELECT array_agg("classId") INTO concerned FROM (
    SELECT "classId" FROM "ClassSettlement"
    WHERE "endedAt" > NEW."from" - interval '10 minutes'
      AND "startedAt" < COALESCE(NEW."to", 'infinity') + interval '10 minutes'
    ORDER BY "classId" FOR NO KEY UPDATE
  ) AS locked;
  IF concerned IS NOT NULL THEN
    UPDATE "ClassSettlement" SET "changes" = "changes" + 1, "changedAt" = clock_timestamp() WHERE "classId" = ANY(concerned);
  END IF;
  RETURN NULL;
END;
$$;
CREATE TRIGGER "Outage_changed" AFTER INSERT OR UPDATE ON "Outage" FOR EACH ROW EXECUTE FUNCTION keshi_outage_changed();
