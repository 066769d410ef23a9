"""The test vectors of docs/dossier-format.md: dossiers, proofs, PDFs and badges with the verdict that a verifier must give."""
