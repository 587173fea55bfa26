package view

import (
	"bytes"
	iofs "io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"bakfs/view/history"
)

func TestAvatars(t *testing.T) {
	s := generate(t, "--kind", "legacy", "--days", "2", "--messages", "120", "--chats", "6", "--media", "6", "--media-bytes", "2000", "--seed", "7")
	h := history.New(s.store(t, "legacy", "passphrase.txt"), history.Options{})
	tree := Account(h, Options{})
	pictures, err := iofs.Glob(tree, "chats/*/avatar.*")
	if err != nil || len(pictures) == 0 {
		t.Fatalf("%v, %v", pictures, err)
	}
	for _, p := range pictures {
		b, err := iofs.ReadFile(tree, p)
		info, err2 := iofs.Stat(tree, p)
		if err != nil || err2 != nil || info.Size() != int64(len(b)) || !strings.HasPrefix(http.DetectContentType(b), "image/") {
			t.Errorf("%s: %d bytes, %v, %v", p, len(b), err, err2)
		}
		pages, _ := iofs.Glob(tree, path.Join(path.Dir(p), "web", "2*-*.html"))
		for _, name := range append(pages, path.Join(path.Dir(p), "web", "index.html")) {
			b, err := iofs.ReadFile(tree, name)
			if err != nil || !bytes.Contains(b, []byte(`<img src="../`+path.Base(p)+`"`)) {
				t.Errorf("%s does not show %s: %v", name, p, err)
			}
		}
	}
	index := readAll(t, tree, "index.html")
	for _, p := range pictures {
		if !strings.Contains(index, `<img loading="lazy" src="`+(&url.URL{Path: p}).EscapedPath()+`"`) {
			t.Errorf("index.html does not show %s", p)
		}
		galleries, _ := iofs.Glob(tree, path.Join(path.Dir(p), "web", "media-*.html"))
		for _, name := range galleries {
			if b := readAll(t, tree, name); !strings.Contains(b, `<img src="../`+path.Base(p)+`"`) {
				t.Errorf("%s does not show %s", name, p)
			}
		}
	}
	t.Logf("%d pictures", len(pictures))
}
