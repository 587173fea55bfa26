package archive

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"bakfs/signal"
)

func TestTimersAreListed(t *testing.T) {
	const may, june = 1778774400000, 1780500000000
	timed := frame(&signal.ChatItem{ChatID: 1, AuthorID: 1, DateSent: june, ExpiresInMs: signal.Some(uint64(1000)), Outgoing: &signal.Outgoing{},
		Body: &signal.StandardMessage{Text: &signal.Text{Body: "x"}}})
	path := writeFile(t, filepath.Join(t.TempDir(), "records.binproto"), stream(info(june), frame(&signal.Account{GivenName: "Jo"}),
		frame(&signal.Recipient{ID: 1, Destination: &signal.Self{}}), frame(&signal.Chat{ID: 1, RecipientID: 1}),
		text(1, may, "one"), text(1, june, "two"), timed, text(1, june+1, "three")))
	s := find(t, path)
	tree, _, a := store(t, s, s.Items[0], "", nil)
	want := "chats/" + ConversationDir("self") + "/2026-06"
	if list, known, err := a.Timers(context.Background()); err != nil || !known || len(list) != 1 || !list[want] {
		t.Errorf("%v, %v, %v; want %s", list, known, err, want)
	}
	delete(tree.files, timersName)
	if list, known, err := a.Timers(context.Background()); err != nil || known || list != nil {
		t.Errorf("of a backup that does not say: %v, %v, %v", list, known, err)
	}
}

func TestRecordsThatMayHaveTimers(t *testing.T) {
	for rec, want := range map[string]bool{
		"": false, "\x22\x00": false, "\x22\x02\x28\x01": true, "\x22\x02\x28\x00": false, "\x1a\x02\x28\x01": false, "\x22\x02\x2a\x00": true, "\x22\x01\x28": true, "\x22": true,
	} {
		if got := mayHaveTimer([]byte(rec)); got != want {
			t.Errorf("%x: %v", rec, got)
		}
	}
}

func TestTimersRefused(t *testing.T) {
	one, two := part{[16]byte{1}, 2026 * 12, 1}, part{[16]byte{1}, 2026 * 12, 2}
	good := appendTimers(nil, []part{two, one})
	entry := appendTimers(nil, []part{one})[len(timersMagic):]
	for what, b := range map[string][]byte{
		"empty": nil, "other magic": append([]byte("x"), good...), "cut": good[:len(good)-1], "order": append(bytes.Clone(good), entry...),
		"no part": appendTimers(nil, []part{{n: 0, month: firstMonth}}), "no month": appendTimers(nil, []part{{n: 1, month: lastMonth + 1}}),
	} {
		if list, err := parseTimers(b); !errors.Is(err, ErrArchive) {
			t.Errorf("%s: %v, %v", what, list, err)
		}
	}
}

func FuzzTimers(f *testing.F) {
	f.Add(appendTimers(nil, []part{{[16]byte{1}, 2026 * 12, 1}, {[16]byte{1}, 2026 * 12, 2}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseTimers(b)
		if err != nil {
			return
		}
		if again := appendTimers(nil, list); !bytes.Equal(again, b) {
			t.Fatalf("%x, want %x", again, b)
		}
	})
}
