-- Images are the whole tenant's: who is held to some sites uploads none.
CREATE POLICY site_rows ON bundle_orchestrator.artifact_uploads AS RESTRICTIVE TO sb_site
  USING (false) WITH CHECK (false);
