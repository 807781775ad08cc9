-- CreateTable
CREATE TABLE "Certificate" (
    "id" UUID NOT NULL,
    "number" TEXT NOT NULL,
    "userId" UUID NOT NULL,
    "courseId" UUID NOT NULL,
    "groupId" UUID NOT NULL,
    "orgPath" TEXT NOT NULL,
    "issuedAt" TIMESTAMPTZ(3) NOT NULL,
    "issuedBy" UUID NOT NULL,
    "record" TEXT NOT NULL,
    "keyId" TEXT NOT NULL,
    "signature" TEXT NOT NULL,
    "holderSealed" TEXT NOT NULL,
    "revokedAt" TIMESTAMPTZ(3),
    "revokedBy" UUID,
    "revokeGround" TEXT,
    "revokeSealed" TEXT,

    CONSTRAINT "Certificate_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Certificate_number_key" ON "Certificate"("number");

-- CreateIndex
CREATE INDEX "Certificate_userId_courseId_idx" ON "Certificate"("userId", "courseId");

-- CreateIndex
CREATE INDEX "Certificate_groupId_idx" ON "Certificate"("groupId");


-- What follows Prisma's schema language cannot say.

-- [CT2] One that holds for each learner and course.
CREATE UNIQUE INDEX "Certificate_holding_key" ON "Certificate"("userId", "courseId") WHERE "revokedAt" IS NULL;
ALTER TABLE "Certificate" ADD CONSTRAINT "Certificate_revoked_check" CHECK (
  ("revokedAt" IS NULL) = ("revokedBy" IS NULL) AND ("revokedAt" IS NULL) = ("revokeGround" IS NULL)
  AND ("revokedAt" IS NULL) = ("revokeSealed" IS NULL));
-- Nobody gives himself one.
ALTER TABLE "Certificate" ADD CONSTRAINT "Certificate_issuer_check" CHECK ("issuedBy" <> "userId");

-- [CT2] Nothing of it changes but its revocation, once, and the key its sealed texts are sealed with.
CREATE FUNCTION "Certificate_keep"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'UPDATE' THEN
    RAISE EXCEPTION 'certificates are kept';
  END IF;
  IF (NEW."id", NEW."number", NEW."userId", NEW."courseId", NEW."groupId", NEW."orgPath", NEW."issuedAt", NEW."issuedBy",
      NEW."record", NEW."keyId", NEW."signature")
     IS DISTINCT FROM
     (OLD."id", OLD."number", OLD."userId", OLD."courseId", OLD."groupId", OLD."orgPath", OLD."issuedAt", OLD."issuedBy",
      OLD."record", OLD."keyId", OLD."signature")
     OR (OLD."revokedAt" IS NOT NULL AND (NEW."revokedAt", NEW."revokedBy", NEW."revokeGround")
         IS DISTINCT FROM (OLD."revokedAt", OLD."revokedBy", OLD."revokeGround")) THEN
    RAISE EXCEPTION 'a certificate does not change';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "Certificate_keep" BEFORE UPDATE OR DELETE ON "Certificate" FOR EACH ROW EXECUTE FUNCTION "Certificate_keep"();
CREATE TRIGGER "Certificate_keep_all" BEFORE TRUNCATE ON "Certificate" FOR EACH STATEMENT EXECUTE FUNCTION "Certificate_keep"();
