"""What others declare, turned into files of this project: never above `claimed`, and nothing left out in silence."""
