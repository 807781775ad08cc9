-- [PR5] Few checks fail; whose do is asked whenever a class is counted.
CREATE INDEX "FaceCheck_failed" ON "FaceCheck"("contextId", "userId") WHERE "kind" = 'class' AND "verdict" NOT IN ('match', 'uncertain', 'error');

-- What a check comes to, and what a person says of a finding, are facts of the class: after its end they have it settled
-- again, like those of 20261128100000_ledger.
CREATE FUNCTION keshi_check_settled() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  concerned uuid[];
BEGIN
  SELECT array_agg("classId") INTO concerned FROM (
    SELECT "classId" FROM "ClassSettlement" WHERE "classId" IN (
      SELECT DISTINCT "contextId" FROM facts WHERE "kind" = 'class' AND "verdict" NOT IN ('match', 'uncertain', 'error')
    ) ORDER BY "classId" FOR NO KEY UPDATE
  ) AS locked;
  IF concerned IS NOT NULL THEN
    UPDATE "ClassSettlement" SET "changes" = "changes" + 1, "changedAt" = clock_timestamp() WHERE "classId" = ANY(concerned);
  END IF;
  RETURN NULL;
END;
$$;
CREATE TRIGGER "FaceCheck_settled" AFTER UPDATE ON "FaceCheck" REFERENCING NEW TABLE AS facts FOR EACH STATEMENT EXECUTE FUNCTION keshi_check_settled();

CREATE FUNCTION keshi_incident_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "ClassSettlement" SET "changes" = "changes" + 1, "changedAt" = clock_timestamp() WHERE "classId" = NEW."contextId";
  RETURN NULL;
END;
$$;
CREATE TRIGGER "Incident_decided" AFTER UPDATE OF "state" ON "Incident" FOR EACH ROW
  WHEN (NEW."kind" = 'class' AND NEW."state" IN ('dismissed', 'granted') AND NEW."state" <> OLD."state")
  EXECUTE FUNCTION keshi_incident_decided();

-- A camera that calls itself a virtual one has a turn of the head asked for.
ALTER TABLE "FaceCheck" DROP CONSTRAINT "FaceCheck_cause_check";
ALTER TABLE "FaceCheck" ADD CONSTRAINT "FaceCheck_cause_check" CHECK ("cause" IN ('schedule', 'failed', 'detector', 'return', 'virtual-camera'));
