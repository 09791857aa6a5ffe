"""Money to agents and stores: asked for once, sent until it is known, posted when it has gone."""
