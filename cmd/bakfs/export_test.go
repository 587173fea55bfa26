package main

import (
	iofs "io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"bakfs/signal"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/html"
)

// scriptStranger writes the unencrypted backup of an account with one conversation, one
// without messages, and a call through a link: stranger FILE.
func scriptStranger(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	w := signal.NewRecordWriter(f)
	const at = signal.Millis(1767225600000)
	ts.Check(w.Write(signal.Append(nil, &signal.BackupInfo{Version: 1, BackupTimeMs: at + 86400_000, MediaRootBackupKey: signal.NewSecret(strings.Repeat("k", 32))})))
	contact := func(id uint64, name string) *signal.Recipient {
		aci := signal.ServiceID(strings.Repeat(string(rune(id)), 16))
		return &signal.Recipient{ID: id, Destination: &signal.Contact{ACI: signal.Some(aci), ProfileGivenName: signal.Some(name)}}
	}
	for _, item := range []signal.FrameItem{
		&signal.Account{ProfileKey: signal.NewSecret(strings.Repeat("p", 32)), GivenName: "Stranger"},
		&signal.Recipient{ID: 1, Destination: &signal.Self{}}, contact(2, "Zoe"), contact(3, "Silent"),
		&signal.Recipient{ID: 4, Destination: &signal.CallLink{RootKey: signal.NewSecret(strings.Repeat("r", 16)), Name: "Link"}},
		&signal.Chat{ID: 1, RecipientID: 2}, &signal.Chat{ID: 2, RecipientID: 3},
		&signal.ChatItem{ChatID: 1, AuthorID: 2, DateSent: at, Incoming: &signal.Incoming{DateReceived: at},
			Body: &signal.StandardMessage{Text: &signal.Text{Body: "hello"}}},
		&signal.ChatItem{ChatID: 1, AuthorID: 2, DateSent: at + 1000, Incoming: &signal.Incoming{DateReceived: at},
			Body: &signal.UpdateMessage{Update: &signal.IndividualCall{StartedCallTimestamp: at + 1000}}},
		&signal.AdHocCall{CallID: 7, RecipientID: 4, CallTimestamp: at + 2000},
	} {
		ts.Check(w.Write(signal.Append(nil, &signal.Frame{Item: item})))
	}
}

// scriptLinks checks that each link and picture of the pages in a folder, of which there
// are some, leads to something: links DIR; with ! that there is no page at all.
func scriptLinks(ts *testscript.TestScript, neg bool, args []string) {
	pages, links := 0, 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d iofs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".html" {
			return err
		}
		pages++
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		doc, err := html.Parse(f)
		if err != nil {
			return err
		}
		for n := range doc.Descendants() {
			for _, a := range n.Attr {
				u, err := url.Parse(a.Val)
				if a.Key != "href" && a.Key != "src" && a.Key != "poster" || err == nil && (u.Scheme != "" || u.Path == "") {
					continue
				}
				if err != nil {
					return err
				}
				links++
				if _, err := os.Stat(filepath.Join(filepath.Dir(path), u.Path)); err != nil {
					ts.Logf("%s links to %s", path, a.Val)
					links = -1 << 20
				}
			}
		}
		return nil
	}))
	if neg != (pages == 0) || !neg && links <= 0 {
		ts.Fatalf("%d pages, %d links", pages, max(-1, links))
	}
}
