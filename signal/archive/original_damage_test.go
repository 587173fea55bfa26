package archive

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	iofs "io/fs"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"bakfs/signal"
	"bakfs/signal/modern"
)

// A damaged store gives errors, and never panics or tells secrets.
func TestOriginalOfADamagedStore(t *testing.T) {
	root := vectors(t, "v2/SignalBackups")
	s := find(t, root)
	tree, _, a := store(t, s, s.Items[0], folders(t)[root], nil)
	secrets := secretsOf(t, a, folders(t)[root])
	var want []string
	walk := func(a *Archive) (list []string) {
		for _, give := range []func() (iofs.FS, error){
			func() (iofs.FS, error) { return a.Original(context.Background()) },
			func() (iofs.FS, error) { return a.Plaintext(context.Background(), modern.ExportOptions{}) },
		} {
			made, err := give()
			if err != nil {
				hideSecrets(t, secrets, err)
				return nil
			}
			hideSecrets(t, secrets, made, a, a.Envelope())
			iofs.WalkDir(made, ".", func(name string, d iofs.DirEntry, err error) error {
				hideSecrets(t, secrets, name, d, err)
				if err != nil || d.IsDir() {
					return nil
				}
				b, err := iofs.ReadFile(made, name)
				hideSecrets(t, secrets, err)
				list = append(list, fmt.Sprintf("%s %x %v", name, sum(b), err != nil))
				return nil
			})
		}
		return list
	}
	want = walk(a)
	rng := rand.New(rand.NewSource(3))
	names := tree.names("")
	for range 60 {
		name := names[rng.Intn(len(names))]
		f := tree.files[name]
		before := f.Data
		if len(before) == 0 {
			continue
		}
		if f.Data = bytes.Clone(before); rng.Intn(2) == 0 {
			f.Data = f.Data[:rng.Intn(len(before))]
		} else {
			f.Data[rng.Intn(len(before))] ^= 1 << rng.Intn(8)
		}
		if b, err := Open(tree.files); err == nil {
			walk(b)
		}
		f.Data = before
	}
	if b, err := Open(tree.files); err != nil || !slices.Equal(walk(b), want) {
		t.Error("the test itself changed the tree", err)
	}
}

// secretsOf returns what must not be told of a backup.
func secretsOf(t testing.TB, a *Archive, key string) (list []string) {
	t.Helper()
	add := func(secrets ...signal.Secret) {
		for _, s := range secrets {
			if raw := s.Reveal(); len(raw) >= 4 {
				list = append(list, raw, hex.EncodeToString([]byte(raw)), base64.StdEncoding.EncodeToString([]byte(raw)))
			}
		}
	}
	keys := a.Envelope().Keys.Reveal()
	add(signal.NewSecret(key), signal.NewSecret(keys), signal.NewSecret(keys[:32]), signal.NewSecret(keys[32:]))
	for _, rec := range stored(t, a)[1:] {
		f := new(signal.Frame)
		if signal.Unmarshal(rec, f) != nil {
			continue
		}
		switch item := f.Item.(type) {
		case *signal.Account:
			add(item.SVRPIN, item.ProfileKey)
		case *signal.Recipient:
			switch to := item.Destination.(type) {
			case *signal.Contact:
				add(to.ProfileKey.V)
			case *signal.Group:
				add(to.MasterKey)
			}
		case *signal.ChatItem:
			if m, ok := item.Body.(*signal.StandardMessage); ok && m.Text != nil {
				add(signal.NewSecret(m.Text.Body))
			}
		}
		signal.Files(f, func(p *signal.FilePointer) {
			if p.Locator != nil {
				add(p.Locator.Key, p.Locator.LocalKey.V)
			}
		})
	}
	if len(list) < 30 {
		t.Fatalf("%d secrets", len(list))
	}
	return list
}

func hideSecrets(t testing.TB, secrets []string, values ...any) {
	t.Helper()
	for _, v := range values {
		for _, format := range []string{"%+v", "%#v", "%x"} {
			said := fmt.Sprintf(format, v)
			for i, s := range secrets {
				if strings.Contains(said, s) {
					t.Fatalf("secret %d is told by %s of %T", i, format, v)
				}
			}
		}
	}
}
