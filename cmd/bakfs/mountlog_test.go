package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"bakfs/seal"
	"bakfs/store"
)

// What is not here yet is not called damaged, and a bug is called neither.
func TestMountSaysWhyItCannotRead(t *testing.T) {
	const cannot, never = "out of reach now: ", "not synced yet, or lost: "
	for want, err := range map[string]error{
		cannot:       fmt.Errorf("chunk: %w: input/output error", store.ErrOffline),
		never:        fmt.Errorf("chunk: %w", store.ErrMissing),
		never + "a":  fmt.Errorf("a pack: %w: 5 bytes, which no pack has: %w, or damaged", store.ErrDamaged, store.ErrNotSynced),
		"damaged: ":  fmt.Errorf("chunk: %w", store.ErrDamaged),
		"damaged: t": fmt.Errorf("t: %w", seal.ErrTampered),
		"panic":      errors.New("panic: a bug"),
	} {
		if got := unreadable("/files/x", err); !strings.HasPrefix(got, quote("/files/x")+": "+want) || !strings.HasSuffix(got, err.Error()) {
			t.Errorf("%s, want %q", got, want)
		}
	}
}
