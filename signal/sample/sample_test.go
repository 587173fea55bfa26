package sample

import (
	"testing"

	"bakfs/signal/modern"
)

func TestTheSampleOpensWithItsKey(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	f, _, err := modern.Locate(dir)
	if err != nil {
		t.Fatal(err)
	}
	key, err := modern.ParseRecoveryKey(Key)
	if err != nil {
		t.Fatal(err)
	}
	counts := []int{}
	for _, d := range days {
		b, err := f.Open(t.Context(), d.name, key)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		s := b.Records(t.Context())
		defer s.Close()
		n := 0
		for {
			if _, err := s.Next(); err != nil {
				break
			}
			n++
		}
		counts = append(counts, n)
	}
	if counts[0] < 70 || counts[1] <= counts[0] {
		t.Errorf("%v records", counts)
	}
}
