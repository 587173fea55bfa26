package archive

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

func TestLegacyAvatars(t *testing.T) {
	found := 0
	for path, key := range legacyFiles(t) {
		s := find(t, path)
		_, _, a := store(t, s, s.Items[len(s.Items)-1], key, nil)
		list, err := a.Avatars(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		found += len(list)
		for dir, hash := range list {
			if m, err := a.Media(context.Background(), hash); err != nil || m.Size == 0 || len(dir) != 32 {
				t.Errorf("%s: %+v, %v", dir, m, err)
			}
		}
		t.Logf("%s: %d pictures", path, len(list))
	}
	if found == 0 {
		t.Error("no pictures")
	}
}

func TestAvatarsRefused(t *testing.T) {
	one := appendAvatars(nil, map[[16]byte][32]byte{{1}: {2}})
	two := appendAvatars(nil, map[[16]byte][32]byte{{1}: {2}, {3}: {4}})
	entry := one[len(avatarsMagic):]
	for what, b := range map[string][]byte{
		"empty": nil, "other magic": append([]byte("x"), one...), "cut": one[:len(one)-1],
		"twice": append(bytes.Clone(one), entry...), "order": append(bytes.Clone(two), entry...),
	} {
		if list, err := parseAvatars(b); !errors.Is(err, ErrArchive) {
			t.Errorf("%s: %v, %v", what, list, err)
		}
	}
}

func FuzzAvatars(f *testing.F) {
	f.Add(appendAvatars(nil, map[[16]byte][32]byte{{1}: {2}, {3}: {4}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseAvatars(b)
		if err != nil {
			return
		}
		if again := appendAvatars(nil, list); !bytes.Equal(again, b) {
			t.Fatalf("%x, want %x", again, b)
		}
	})
}
