package legacy

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// A db writes statements as an app does.
type db struct {
	list   []entry
	tables map[string][]string
}

// newDB begins a database; each create is "name col col …".
func newDB(version uint64, creates ...string) *db {
	d := &db{list: []entry{{frame: versionFrame(version)}}, tables: map[string][]string{}}
	for _, c := range creates {
		words := strings.Fields(c)
		d.tables[words[0]] = words[1:]
		d.sql("CREATE TABLE " + words[0] + " (" + strings.Join(words[1:], " ANY DEFAULT (1,2), ") + " TEXT, UNIQUE(" + words[1] + "))")
	}
	return d
}

func (d *db) sql(s string, params ...[]byte) {
	m := pb(1, []byte(s))
	for _, p := range params {
		m = append(m, pb(2, p)...)
	}
	d.list = append(d.list, entry{frame: pb(int(KindStatement), m)})
}

func param(v any) []byte {
	switch v := v.(type) {
	case int:
		return pbInt(2, uint64(v))
	case int64:
		return pbInt(2, uint64(v))
	case string:
		return pb(1, []byte(v))
	case []byte:
		return pb(4, v)
	case float64:
		return binary.LittleEndian.AppendUint64([]byte{3<<3 | 1}, math.Float64bits(v))
	}
	return pbInt(5, 1)
}

type cells map[string]any

// insert writes a row; columns that are not named are NULL.
func (d *db) insert(table string, values cells) {
	columns := d.tables[table]
	params := make([][]byte, len(columns))
	left := len(values)
	for i, c := range columns {
		v, ok := values[c]
		params[i] = param(v)
		if ok {
			left--
		}
	}
	if left != 0 {
		panic(fmt.Sprintf("table %s has not all of %v", table, values))
	}
	d.sql("INSERT INTO "+table+" VALUES ("+strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",")+")", params...)
}

func (d *db) end() []entry { return append(d.list, entry{frame: endFrame}) }

// unified are the tables of the later era, as far as they are needed here.
var unified = []string{
	"recipient _id type aci pni e164 username group_id blocked profile_given_name profile_family_name",
	"thread _id recipient_id archived pinned",
	"message _id date_sent date_received thread_id from_recipient_id to_recipient_id type body read expires_in quote_id quote_author quote_body " +
		"message_ranges link_previews shared_contacts message_extras latest_revision_id original_message_id story_type parent_story_id scheduled_date " +
		"deleted_by view_once pinned_at pinned_until has_read_receipt",
	"attachment _id message_id content_type data_size file_name quote sticker_pack_id sticker_id display_order transfer_state",
	"reaction _id message_id author_id emoji date_sent date_received",
	"mention _id message_id recipient_id range_start range_length",
	"groups _id group_id recipient_id title master_key", "group_membership _id group_id recipient_id",
	"group_receipts _id mms_id address status timestamp", "call _id call_id message_id",
	"poll _id message_id question allow_multiple_votes end_message_id", "poll_option _id poll_id option_text option_order",
	"poll_vote _id poll_option_id voter_id vote_state", "identities _id address identity_key verified",
	"distribution_list _id name distribution_id recipient_id", "sticker _id pack_id pack_key installed",
}

const (
	inbox = baseInbox | flagPush | flagSecure
	sent  = baseSent | flagPush | flagSecure
)

func uuid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }

// manyMessages is a database with n messages.
func manyMessages(n int) []entry {
	d := newDB(223, unified...)
	for i := range 50 {
		d.insert("recipient", cells{"_id": i + 1, "type": 0, "aci": uuid(i), "e164": fmt.Sprintf("+4915%08d", i), "profile_given_name": fmt.Sprintf("Person %d", i)})
		d.insert("thread", cells{"_id": i + 1, "recipient_id": i + 1})
	}
	text := "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife."
	for i := range n {
		m := cells{"_id": i + 1, "date_sent": 1600000000000 + int64(i)*1000, "date_received": 1600000000000 + int64(i)*1000 + int64(i)%7*300, "thread_id": i%50 + 1,
			"from_recipient_id": i%50 + 1, "to_recipient_id": 1, "type": inbox, "body": text[i%60:], "read": 1}
		if i%3 == 0 {
			m["from_recipient_id"], m["to_recipient_id"], m["type"] = 1, i%50+1, sent
		}
		d.insert("message", m)
	}
	for i := 0; i < n; i += 10 {
		d.insert("reaction", cells{"_id": i, "message_id": i + 1, "author_id": 2, "emoji": "👍", "date_sent": int64(1600000000000), "date_received": int64(1600000000000)})
	}
	return d.end()
}
