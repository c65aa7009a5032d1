"""Whether content stays anywhere after a call: known words are planted, and looked for wherever they may have gone."""
