package view

import "testing"

func TestKeysOfDifferentPartsDiffer(t *testing.T) {
	if newKey("ab", "c") == newKey("a", "bc") || newKey("a") == newKey("a", "") {
		t.Error("equal keys")
	}
}
