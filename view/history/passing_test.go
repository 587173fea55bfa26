package history

import (
	"context"
	"reflect"
	"testing"
)

// Many Histories of one Cache remember no more than it has room for, and tell the same
// when they have forgotten.
func TestPassingHistoriesForget(t *testing.T) {
	ctx := context.Background()
	backups := storedVectors(t, "SignalBackups", "recovery-key.txt")
	for _, passing := range []bool{true, false} {
		cache := NewCache(300 << 10)
		var all []*History
		var first []*Conversation
		remember := func() (n int) {
			for _, h := range all {
				if _, ok := h.outline.Peek(struct{}{}); ok {
					n++
				}
			}
			return n
		}
		for range 60 {
			h := New(backups, Options{Cache: cache, Passing: passing})
			all = append(all, h)
			list, err := h.Conversations(ctx)
			if err != nil || len(list) == 0 {
				t.Fatal(list, err)
			}
			if first == nil {
				first = list
			}
		}
		n := remember()
		t.Logf("%d of %d remember; one costs %d KiB", n, len(all), first[0].cost(t, all[len(all)-1])>>10)
		if passing && (n == 0 || n > 20) || !passing && n != len(all) {
			t.Errorf("passing %v: %d of %d remember", passing, n, len(all))
		}
		again, err := all[0].Conversations(ctx)
		if err != nil || len(again) != len(first) {
			t.Fatal(again, err)
		}
		for i, c := range again {
			if c.Key != first[i].Key || c.Folder != first[i].Folder || !c.Last.Equal(first[i].Last) || !reflect.DeepEqual(c.Names, first[i].Names) {
				t.Errorf("%s was %s", c.Folder, first[i].Folder)
			}
			if got, err := all[0].Months(ctx, first[i]); err != nil { // of before it forgot
				t.Error(got, err)
			}
		}
		if _, ok := all[0].outline.Peek(struct{}{}); !ok {
			t.Error("the one used last does not remember")
		}
	}
}

func (c *Conversation) cost(t *testing.T, h *History) int64 {
	f, err := h.theOutline(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return f.cost()
}
