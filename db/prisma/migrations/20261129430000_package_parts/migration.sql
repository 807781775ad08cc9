-- A package may launch several things, each with a state of its own.
ALTER TABLE "PackageState" ADD COLUMN "part" TEXT NOT NULL DEFAULT '';
ALTER TABLE "PackageState" DROP CONSTRAINT "PackageState_pkey";
ALTER TABLE "PackageState" ADD CONSTRAINT "PackageState_pkey" PRIMARY KEY ("lessonId", "userId", "part");

UPDATE "LessonRevision"
SET "media" = ("media" - 'start') || jsonb_build_object('parts', jsonb_build_array(jsonb_build_object(
  'id', '', 'title', '', 'start', "media"->>'start', 'reports', true, 'mastery', NULL, 'launchData', '')))
WHERE "media"->>'kind' = 'package' AND "media" ? 'start';
