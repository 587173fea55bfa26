package legacy

import (
	"fmt"
	"reflect"
	"testing"

	"bakfs/signal"
)

// everyKind is a database with messages of many kinds, between two people.
func everyKind() []entry {
	d := newDB(223, unified...)
	d.insert("recipient", cells{"_id": 1, "aci": uuid(1), "profile_given_name": "Me"})
	d.insert("recipient", cells{"_id": 2, "aci": uuid(2), "e164": "+49170", "profile_given_name": "Bob"})
	d.insert("thread", cells{"_id": 1, "recipient_id": 2, "pinned": 3})
	id := 0
	add := func(typ int, more cells) {
		id++
		m := cells{"_id": id, "date_sent": id, "date_received": id, "thread_id": 1, "from_recipient_id": 2, "to_recipient_id": 1, "type": typ}
		if outgoing(int64(typ)) {
			m["from_recipient_id"], m["to_recipient_id"] = 1, 2
		}
		for k, v := range more {
			m[k] = v
		}
		d.insert("message", m)
	}
	for _, typ := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18} {
		add(typ, nil)
	}
	for _, flag := range []int{flagKeyVerified, flagKeyDefault, flagKeyChanged, flagGroup, flagLeft, flagGroup | flagGroupV2, flagTimer, flagSessionEnd, flagSessionRefresh} {
		add(inbox|flag, nil)
	}
	for _, s := range []int{specialStory, specialGift, specialPayment, specialActivate, specialSpam, specialAccepted, specialActivated, specialTombstone, specialPollEnd, specialPin} {
		add(inbox|s<<specialShift, cells{"parent_story_id": min(0, s-2)})
	}
	for _, typ := range []int{baseOutbox, baseSending, baseSent, baseFailed, basePendingSMS, baseInbox} {
		add(typ, cells{"body": "text"})
	}
	add(sent, cells{"deleted_by": 1})
	add(sent, cells{"deleted_by": 2})
	add(inbox, cells{"body": "pinned", "pinned_at": 5, "pinned_until": int64(never), "expires_in": 1000})
	return d.end()
}

func TestEveryKind(t *testing.T) {
	h := read(t, everyKind())
	var got []string
	for _, i := range h.items {
		s := reflect.TypeOf(i.Body).Elem().Name()
		switch b := i.Body.(type) {
		case *signal.UpdateMessage:
			s = reflect.TypeOf(b.Update).Elem().Name()
			switch u := b.Update.(type) {
			case *signal.SimpleUpdate:
				s = u.Type.String()
			case *signal.GroupChange:
				s = u.Updates[0].Kind.String()
			case *signal.IndividualCall:
				s = fmt.Sprint(u.Type, " ", u.Direction, " ", u.State)
			}
		case *signal.StandardMessage:
			if i.Outgoing != nil {
				s = i.Outgoing.SendStatus[0].Delivery.String()
			}
			if i.Sms {
				s += " sms"
			}
		}
		got = append(got, s)
	}
	want := []string{"AUDIO_CALL INCOMING UNKNOWN_STATE", "AUDIO_CALL OUTGOING UNKNOWN_STATE", "AUDIO_CALL INCOMING MISSED", "JOINED_SIGNAL",
		"UNSUPPORTED_PROTOCOL_MESSAGE", "BAD_DECRYPT", "ProfileChange", "VIDEO_CALL INCOMING MISSED", "groupV2MigrationUpdate",
		"VIDEO_CALL INCOMING UNKNOWN_STATE", "VIDEO_CALL OUTGOING UNKNOWN_STATE", "GroupCall", "BAD_DECRYPT", "CHANGE_NUMBER",
		"RELEASE_CHANNEL_DONATION_REQUEST", "ThreadMerge", "UNKNOWN", "SessionSwitchover",
		"IDENTITY_VERIFIED", "IDENTITY_DEFAULT", "IDENTITY_UPDATE", "genericGroupUpdate", "groupMemberLeftUpdate", "genericGroupUpdate", "TimerUpdate",
		"END_SESSION", "CHAT_SESSION_REFRESH", "StoryReply", "GiftBadge", "Payment", "PAYMENT_ACTIVATION_REQUEST", "REPORTED_SPAM",
		"MESSAGE_REQUEST_ACCEPTED", "PAYMENTS_ACTIVATED", "Payment", "PollEnd", "PinUpdate",
		"pending sms", "pending sms", "sent sms", "failed sms", "pending sms", "StandardMessage sms",
		"DeletedMessage", "AdminDeletedMessage", "StandardMessage"}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("item %d: got %q", i, got[i:])
		}
	}
	last := h.items[len(h.items)-1]
	if last.Pin == nil || !last.Pin.PinNeverExpires.V || last.ExpiresInMs.V != 1000 || h.chats[0].PinnedOrder.V != 3 {
		t.Errorf("pin %+v, chat %+v", last.Pin, h.chats[0])
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]string{"1500000000000": "1.5", "1": "0.000000000001", "0": "0", "2000000000000": "2", "x": "", "": "", "-1": ""} {
		if got := amount(pb(1, pb(1, []byte(text)))).V; got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}

// The numbers of styles differ from those of the model by one.
func TestRanges(t *testing.T) {
	style := func(start, n, s uint64) []byte { return pb(1, join(pbInt(1, start), pbInt(2, n), pbInt(4, s))) }
	list := ranges(join(style(0, 2, 0), style(3, 1, 4), pb(1, join(pbInt(1, 5), pbInt(2, 1), pb(3, []byte(uuid(7))))), pb(1, join(pbInt(1, 5), pb(5, []byte("link"))))))
	if len(list) != 3 || list[0].Style.V != signal.StyleBold || list[1].Style.V != signal.StyleMonospace || list[2].MentionACI.V.String() != uuid(7) {
		t.Errorf("ranges %+v", list)
	}
}

func TestCreateStatements(t *testing.T) {
	for _, c := range []struct{ sql, name, columns string }{
		{`CREATE TABLE thing (_id INTEGER PRIMARY KEY, a TEXT DEFAULT NULL CHECK (a LIKE 'x,%'), b INTEGER, UNIQUE(a, b) ON CONFLICT REPLACE)`, "thing", "_id a b"},
		{"create table IF NOT EXISTS \"my thing\" ([a b] INT, `c` TEXT, 'd', \"unique\" INT, PRIMARY KEY (c), constraint x check (c > (1)), foreign key (c) references y(z), check(1))", "my thing", "a b c d unique"},
		{"CREATE TABLE t (a /* , b */ INT DEFAULT 'it''s, (', -- c,\n e)", "t", "a e"},
	} {
		tab, ok := parseCreate(c.sql)
		if !ok || tab.name != c.name {
			t.Errorf("%s: %v %+v", c.sql, ok, tab)
			continue
		}
		names := make([]string, tab.width)
		for n, i := range tab.columns {
			names[i] = n
		}
		if got := fmt.Sprint(names); got != "["+c.columns+"]" {
			t.Errorf("%s: %s", c.sql, got)
		}
	}
	for _, s := range []string{"CREATE VIRTUAL TABLE t USING fts5(a)", "CREATE INDEX i ON t (a)", "CREATE TABLE t AS SELECT 1", "CREATE TABLE t (a", "CREATE TABLE", ""} {
		if tab, ok := parseCreate(s); ok {
			t.Errorf("%s is %+v", s, tab)
		}
	}
	name, columns, ok := parseInsert(`INSERT OR REPLACE INTO "T" (b, a) VALUES (?, ?)`)
	if !ok || name != "t" || fmt.Sprint(columns) != "[b a]" {
		t.Errorf("%v %q %v", ok, name, columns)
	}
}
