package snapshot

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Names of all lengths come back in order and once, over many blocks.
func TestNameListSortsAndDropsDoubles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var l nameList
	var want []string
	for i := range 5000 {
		name := fmt.Sprintf("%x%s", r.Uint32(), strings.Repeat("n", r.IntN(1000)))
		if i%500 == 0 {
			name = strings.Repeat(string(rune('a'+i/500)), 4096)
		}
		want = append(want, name)
		l.append(name)
		if i%7 == 0 {
			l.append(name)
		}
	}
	l.sort()
	l.unique()
	slices.Sort(want)
	if l.len() != len(want) || len(l.blocks) < 20 {
		t.Fatalf("%d names in %d blocks, want %d", l.len(), len(l.blocks), len(want))
	}
	for i, name := range want {
		if l.at(i) != name {
			t.Fatalf("%d is %.20q, want %.20q", i, l.at(i), name)
		}
	}
}
