package legacy

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"

	"bakfs/signal"
)

// read makes a file of a database and reads it as messages.
func read(t *testing.T, list []entry) *told {
	t.Helper()
	r := openBytes(t, encode(t, testHeader(t, 1), testKeys(), list), testKeys())
	media, err := ReadMedia(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	var blobs [][]byte
	for _, x := range list {
		if x.blob != nil {
			blobs = append(blobs, x.blob)
		}
	}
	h, err := NewHistory(context.Background(), r, media, 0)
	if err != nil {
		t.Fatal(err)
	}
	return tell(t, h, blobs)
}

// line is a short form of an item for tables of tests.
func (h *told) line(i *signal.ChatItem) string {
	dir := "event"
	if i.Incoming != nil {
		dir = "in"
	} else if i.Outgoing != nil {
		dir = "out"
	}
	text := ""
	if m, ok := i.Body.(*signal.StandardMessage); ok {
		text, _, _, _ = h.plain(m.Text, m.LongText)
		for _, r := range m.Reactions {
			text += " " + r.Emoji + "(" + h.name(r.AuthorID) + ")"
		}
	} else {
		text = fmt.Sprintf("%T", i.Body)
	}
	return fmt.Sprintf("%s/%s %s %s", h.name(h.chatOf[i.ChatID].RecipientID), h.name(i.AuthorID), dir, text)
}

func (h *told) expect(want ...string) {
	h.t.Helper()
	for i, item := range h.items {
		got := h.line(item)
		if i >= len(want) || got != want[i] {
			h.t.Errorf("item %d: %q, want %q", i, got, append(want, "")[min(i, len(want))])
		}
	}
	if len(h.items) != len(want) {
		h.t.Errorf("%d items, want %d", len(h.items), len(want))
	}
}

// Before version 24 people and groups are known by their numbers and ids.
func TestEraOfNumbers(t *testing.T) {
	d := newDB(20, "sms _id thread_id address date date_sent read type body", "mms _id thread_id date date_received address msg_box body read",
		"thread _id recipient_ids archived", "groups _id group_id title members avatar",
		"recipient_preferences _id recipient_ids system_display_name signal_profile_name block", "part _id mid ct unique_id data_size pending_push")
	group := "__textsecure_group__!00112233445566778899aabbccddeeff"
	d.insert("sms", cells{"_id": 1, "thread_id": 1, "address": "+491701", "date": 2000, "date_sent": 1900, "read": 1, "type": inbox, "body": "hello"})
	d.insert("sms", cells{"_id": 2, "thread_id": 1, "address": "+491701", "date": 3000, "date_sent": 3000, "read": 1, "type": sent, "body": "hi"})
	d.insert("sms", cells{"_id": 3, "thread_id": 2, "address": "+491702", "date": 4500, "date_sent": 4500, "read": 1, "type": inbox | flagGroup,
		"body": base64.StdEncoding.EncodeToString(pb(3, []byte("Hikers")))})
	d.insert("mms", cells{"_id": 2, "thread_id": 2, "address": "+491702", "date": 3900, "date_received": 4000, "msg_box": inbox, "body": "see you", "read": 1})
	d.insert("mms", cells{"_id": 3, "thread_id": 2, "address": group, "date": 5000, "date_received": 5000, "msg_box": sent, "body": "yes", "read": 1})
	d.insert("part", cells{"_id": 9, "mid": 2, "ct": "image/png", "unique_id": 77, "data_size": 4, "pending_push": 0})
	d.list = append(d.list, entry{frame: attachmentFrame(9, 77, 4), blob: []byte("\x89PNG")})
	d.insert("thread", cells{"_id": 1, "recipient_ids": "+491701", "archived": 0})
	d.insert("thread", cells{"_id": 2, "recipient_ids": group, "archived": 1})
	d.insert("groups", cells{"_id": 1, "group_id": group, "title": "Walkers", "members": "+491702,+491799"})
	d.insert("recipient_preferences", cells{"_id": 1, "recipient_ids": "+491701", "system_display_name": "Ann Other", "block": 1})
	d.list = append(d.list, entry{frame: pb(int(KindAvatar), append(pb(1, []byte("+491701")), pbInt(2, 3)...)), blob: []byte("pic")})
	h := read(t, d.end())
	me := h.name(h.self)
	h.expect("Ann Other/Ann Other in hello", "Ann Other/"+me+" out hi", "Walkers/+491702 in see you",
		"Walkers/+491702 event *signal.UpdateMessage", "Walkers/"+me+" out yes")
	if len(h.items) != 5 {
		return
	}
	if a := h.items[2].Body.(*signal.StandardMessage).Attachments; len(a) != 1 || string(h.file(a[0].Pointer)) != "\x89PNG" {
		t.Errorf("attachments %+v", a)
	}
	u := h.items[3].Body.(*signal.UpdateMessage).Update.(*signal.GroupChange).Updates[0]
	if u.Kind != signal.GroupName || u.Text.V != "Hikers" {
		t.Errorf("update %+v", u)
	}
	ann := h.people[h.chatOf[1].RecipientID].Destination.(*signal.Contact)
	if !ann.Blocked || ann.E164.V != 491701 || !h.chatOf[2].Archived {
		t.Errorf("contact %+v", ann)
	}
	if n, ok := h.h.Avatar(h.chatOf[1].RecipientID); !ok || n != 1 {
		t.Errorf("avatar %d, %v", n, ok)
	}
	if !h.h.Report().OwnerGuessed {
		t.Error("nothing tells the owner here")
	}
}

// While both tables of messages exist, a table of reactions says to which of
// them one belongs.
func TestEraOfBothTablesWithReactions(t *testing.T) {
	d := newDB(150, "recipient _id phone uuid signal_profile_name group_type", "thread _id thread_recipient_id",
		"sms _id thread_id address date date_sent type body", "mms _id thread_id address date date_received msg_box body quote_id quote_author quote_body reveal_duration",
		"reaction _id message_id is_mms author_id emoji date_sent date_received", "identities _id address identity_key verified")
	for i, name := range []string{"Me", "Bob"} {
		d.insert("recipient", cells{"_id": i + 1, "phone": fmt.Sprintf("+%d", i+100), "uuid": uuid(i), "signal_profile_name": name, "group_type": 0})
	}
	d.insert("thread", cells{"_id": 5, "thread_recipient_id": 2})
	d.insert("sms", cells{"_id": 1, "thread_id": 5, "address": 2, "date": 10, "date_sent": 9, "type": inbox, "body": "short"})
	d.insert("mms", cells{"_id": 1, "thread_id": 5, "address": 2, "date": 20, "date_received": 21, "msg_box": sent, "body": "long",
		"quote_id": 9, "quote_author": "2", "quote_body": "short"})
	d.insert("mms", cells{"_id": 2, "thread_id": 5, "address": 2, "date": 22, "date_received": 22, "msg_box": inbox, "reveal_duration": 1})
	d.insert("reaction", cells{"_id": 1, "message_id": 1, "is_mms": 0, "author_id": 1, "emoji": "a", "date_sent": 30, "date_received": 31})
	d.insert("reaction", cells{"_id": 2, "message_id": 1, "is_mms": 1, "author_id": 2, "emoji": "b", "date_sent": 30, "date_received": 31})
	d.insert("identities", cells{"_id": 1, "address": uuid(0), "identity_key": base64.StdEncoding.EncodeToString([]byte("my key"))})
	d.insert("identities", cells{"_id": 2, "address": "2", "identity_key": base64.StdEncoding.EncodeToString([]byte("bob's")), "verified": 1})
	d.list = append(d.list, entry{frame: pb(int(KindKeyValue), append(pb(1, []byte("account.aci_identity_public_key")), pb(2, []byte("my key"))...))})
	h := read(t, d.end())
	h.expect("Bob/Bob in short a(Me)", "Bob/Me out long b(Bob)", "Bob/Bob in *signal.ViewOnceMessage")
	if q := h.items[1].Body.(*signal.StandardMessage).Quote; q == nil || q.AuthorID != 2 || q.TargetSentTimestamp.V != 9 || q.Text.Body != "short" {
		t.Errorf("quote %+v", q)
	}
	if h.h.Report().OwnerGuessed || h.self != 1 {
		t.Errorf("the owner is %d", h.self)
	}
	if c := h.people[2].Destination.(*signal.Contact); c.IdentityState != signal.IdentityStateVerified || c.IdentityKey.V != "bob's" {
		t.Errorf("identity of %+v", c)
	}
}

// Between 174 and 185 there is one table, but a row names the other side only.
func TestEraOfOneSidedRows(t *testing.T) {
	d := newDB(180, "recipient _id e164 aci profile_given_name group_id group_type", "thread _id recipient_id",
		"message _id date_sent date_received thread_id recipient_id type body", "groups _id group_id recipient_id title",
		"group_membership _id group_id recipient_id")
	d.insert("message", cells{"_id": 1, "date_sent": 1, "date_received": 2, "thread_id": 1, "recipient_id": 2, "type": sent, "body": "to Bob"})
	d.insert("message", cells{"_id": 2, "date_sent": 3, "date_received": 4, "thread_id": 2, "recipient_id": 9, "type": sent, "body": "to all"})
	d.insert("message", cells{"_id": 3, "date_sent": 5, "date_received": 6, "thread_id": 2, "recipient_id": 2, "type": inbox, "body": "from Bob"})
	d.insert("message", cells{"_id": 4, "date_sent": 7, "date_received": 8, "thread_id": 7, "recipient_id": 44, "type": inbox, "body": "no thread"})
	for id := 5; id < 7; id++ {
		d.insert("message", cells{"_id": id, "date_sent": 9, "date_received": 9, "recipient_id": 2, "type": inbox, "body": "lost"})
	}
	for i, name := range []string{"Me", "Bob"} {
		d.insert("recipient", cells{"_id": i + 1, "aci": uuid(i), "profile_given_name": name})
	}
	d.insert("recipient", cells{"_id": 9, "group_id": "__signal_group__v2__!ab", "group_type": 3})
	d.insert("thread", cells{"_id": 1, "recipient_id": 2})
	d.insert("thread", cells{"_id": 2, "recipient_id": 9})
	d.insert("groups", cells{"_id": 1, "group_id": "__signal_group__v2__!ab", "recipient_id": 9, "title": "G"})
	d.insert("group_membership", cells{"_id": 1, "group_id": "__signal_group__v2__!ab", "recipient_id": 1})
	d.insert("group_membership", cells{"_id": 2, "group_id": "__signal_group__v2__!ab", "recipient_id": 2})
	h := read(t, d.end())
	h.expect("Bob/Me out to Bob", "G/Me out to all", "G/Bob in from Bob", "Unknown/Unknown in no thread", "Bob/Bob in lost", "Bob/Bob in lost")
	if h.self != 1 || !h.h.Report().OwnerGuessed {
		t.Errorf("owner %d", h.self)
	}
}

// What the app does not show in a chat is left out, and counted.
func TestRowsThatAreNoPartOfAChat(t *testing.T) {
	d := newDB(223, unified...)
	d.insert("recipient", cells{"_id": 1, "aci": uuid(1), "profile_given_name": "Me"})
	d.insert("recipient", cells{"_id": 2, "aci": uuid(2), "profile_given_name": "Bob"})
	d.insert("thread", cells{"_id": 1, "recipient_id": 2})
	add := func(id int, more cells) {
		m := cells{"_id": id, "date_sent": id, "date_received": id, "thread_id": 1, "from_recipient_id": 1, "to_recipient_id": 2, "type": sent, "body": fmt.Sprint(id)}
		for k, v := range more {
			m[k] = v
		}
		d.insert("message", m)
	}
	add(1, nil)
	add(2, cells{"story_type": 1})
	add(3, cells{"parent_story_id": 2})
	add(4, cells{"scheduled_date": 99})
	add(5, cells{"type": baseDraft})
	add(6, cells{"scheduled_date": -1, "story_type": 0})
	d.sql("INSERT INTO message VALUES (?,?)", param(1), param(2))
	d.sql("INSERT INTO nowhere VALUES (?)", param(1))
	d.sql("CREATE VIRTUAL TABLE message_fts USING fts5(body)")
	d.sql("DROP TABLE message")
	h := read(t, d.end())
	h.expect("Bob/Me out 1", "Bob/Me out 6")
	if p := h.h.Report(); p.Stories != 2 || p.Scheduled != 1 || p.Drafts != 1 || p.BadRows != 1 || p.DatabaseVersion != 223 {
		t.Errorf("report %+v", p)
	}
}

// The parts of a damaged or cut file that are good are read.
func TestDamagedHistory(t *testing.T) {
	b := encode(t, testHeader(t, 1), testKeys(), manyMessages(100))
	for _, c := range []struct {
		name  string
		spoil func([]byte) []byte
		check func(Report) bool
		least int
	}{
		{"cut", func(b []byte) []byte { return b[:len(b)*3/4] }, func(p Report) bool { return p.Truncated && p.Damaged == 0 }, 60},
		{"damaged", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, func(p Report) bool { return !p.Truncated && p.Damaged == 1 && len(p.First) == 1 }, 99},
	} {
		h, err := NewHistory(context.Background(), openBytes(t, c.spoil(append([]byte(nil), b...)), testKeys()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		told := tell(t, h, nil)
		if !c.check(h.Report()) || len(told.items) < c.least || len(told.items) > 100 {
			t.Errorf("%s: %d items, %+v", c.name, len(told.items), h.Report())
		}
	}
}

func TestSharedVector(t *testing.T) {
	r := openVector(t, "legacy-v1.backup")
	media, err := ReadMedia(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	r.Rewind()
	_, kept := store(t, r)
	h, err := NewHistory(context.Background(), r, media, 0)
	if err != nil {
		t.Fatal(err)
	}
	told := tell(t, h, kept.blobs)
	for _, i := range told.items {
		t.Log(told.line(i))
	}
	if p := h.Report(); p.Damaged+p.BadRows != 0 || p.OwnerGuessed || p.DatabaseVersion != 223 {
		t.Errorf("report %+v", p)
	}
}

// The number of the owner names the account where nothing tells its id, but not if it is a guess.
func TestNumberOfTheOwner(t *testing.T) {
	for want, key := range map[uint64]string{101: "my key", 0: "a key of nobody"} {
		d := newDB(150, "recipient _id phone uuid signal_profile_name group_type", "identities _id address identity_key verified")
		d.insert("recipient", cells{"_id": 7, "phone": "+101", "signal_profile_name": "Me", "group_type": 0})
		d.insert("identities", cells{"_id": 1, "address": 7, "identity_key": base64.StdEncoding.EncodeToString([]byte(key))})
		d.list = append(d.list, entry{frame: pb(int(KindKeyValue), append(pb(1, []byte("account.aci_identity_public_key")), pb(2, []byte("my key"))...))})
		h := read(t, d.end()).h
		if n := h.OwnerNumber(); n.Ok != (want != 0) || n.V != want {
			t.Errorf("number %+v, want %d", n, want)
		}
		if id, aci := h.Owner(); aci.Ok || want != 0 && id != 7 {
			t.Errorf("owner %d, %+v", id, aci)
		}
	}
}
