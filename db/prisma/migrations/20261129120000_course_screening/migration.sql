-- What learners write on a course's page is screened as well.
ALTER TABLE "ScreeningHit" DROP CONSTRAINT "ScreeningHit_surface_check";
ALTER TABLE "ScreeningHit" ADD CONSTRAINT "ScreeningHit_surface_check" CHECK ("surface" IN ('chat', 'question', 'answer', 'quiz', 'course'));
