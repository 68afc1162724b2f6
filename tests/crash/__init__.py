"""Deaths of the real program and cuts of its power: nothing lost, nothing sent twice."""
