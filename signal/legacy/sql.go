package legacy

import (
	"slices"
	"strings"
)

// Statements are read, never executed: of the SQL only the names of tables and
// of their columns matter (section D.4).

// A table is a table of the database as its CREATE statement tells it.
type table struct {
	name    string
	columns map[string]int // by name, old names under their later ones too
	width   int
}

// maxColumns is SQLite's own limit on the columns of a table.
const maxColumns = 2000

// aliases are the names that a column had before, by table and by the name
// that it has now (section D.5).
var aliases = map[string]map[string][]string{
	"sms":        {"date_received": {"date"}, "from_recipient_id": {"recipient_id", "address"}},
	"mms":        {"date_sent": {"date"}, "type": {"msg_box"}, "from_recipient_id": {"recipient_id", "address"}},
	"message":    {"from_recipient_id": {"recipient_id", "address"}},
	"attachment": {},
	"part": {"message_id": {"mid"}, "content_type": {"ct"}, "transfer_state": {"pending_push"}, "remote_key": {"cd"},
		"remote_location": {"cl"}, "data_file": {"_data"}},
	"thread": {"recipient_id": {"thread_recipient_id", "recipient_ids"}, "pinned": {"pinned_order"}},
	"recipient": {"aci": {"uuid"}, "e164": {"phone"}, "type": {"group_type"}, "avatar_color": {"color"},
		"system_joined_name": {"system_display_name"}, "profile_given_name": {"signal_profile_name"}},
	"recipient_preferences": {"system_joined_name": {"system_display_name"}, "profile_given_name": {"signal_profile_name"},
		"message_expiration_time": {"expire_messages"}, "blocked": {"block"}},
}

// messageAliases are those of all three tables of messages.
var messageAliases = map[string][]string{
	"message_ranges": {"ranges"}, "link_previews": {"previews"}, "view_once": {"reveal_duration"}, "story_type": {"is_story"},
	"has_delivery_receipt": {"delivery_receipt_count"}, "has_read_receipt": {"read_receipt_count"}, "viewed": {"viewed_receipt_count"},
}

func newTable(name string, columns []string) *table {
	t := &table{name: name, columns: make(map[string]int, len(columns)), width: len(columns)}
	for i, c := range columns {
		if _, twice := t.columns[c]; !twice {
			t.columns[c] = i
		}
	}
	t.alias(aliases[name])
	if name == "sms" || name == "mms" || name == "message" {
		t.alias(messageAliases)
	}
	return t
}

func (t *table) alias(list map[string][]string) {
	for now, before := range list {
		for _, old := range before {
			if i, ok := t.columns[old]; ok && !t.has(now) {
				t.columns[now] = i
			}
		}
	}
}

func (t *table) has(column string) bool {
	_, ok := t.columns[column]
	return ok
}

// parseCreate reads a CREATE TABLE statement; false for all others.
func parseCreate(sql string) (*table, bool) {
	s := scanner{sql}
	if !s.word("create") || !s.word("table") {
		return nil, false
	}
	if s.word("if") && (!s.word("not") || !s.word("exists")) {
		return nil, false
	}
	name, _, ok := s.name()
	if !ok {
		return nil, false
	}
	columns, ok := s.columns()
	if !ok || len(columns) == 0 || len(columns) > maxColumns {
		return nil, false
	}
	return newTable(name, columns), true
}

// parseInsert reads an INSERT statement with one row of parameters: its table
// and the columns in order, nil if all are meant.
func parseInsert(sql string) (name string, columns []string, ok bool) {
	s := scanner{sql}
	if !s.word("insert") {
		return "", nil, false
	}
	if s.word("or") {
		s.name()
	}
	if !s.word("into") {
		return "", nil, false
	}
	if name, _, ok = s.name(); !ok {
		return "", nil, false
	}
	if s.space(); strings.HasPrefix(s.rest, "(") {
		if columns, ok = s.columns(); !ok || len(columns) == 0 || len(columns) > maxColumns {
			return "", nil, false
		}
	}
	return name, columns, s.word("values")
}

// A scanner reads SQL from left to right.
type scanner struct{ rest string }

// space goes behind blanks and comments.
func (s *scanner) space() {
	for {
		s.rest = strings.TrimLeft(s.rest, " \t\r\n\f")
		switch {
		case strings.HasPrefix(s.rest, "--"):
			_, s.rest, _ = strings.Cut(s.rest, "\n")
		case strings.HasPrefix(s.rest, "/*"):
			_, s.rest, _ = strings.Cut(s.rest, "*/")
		default:
			return
		}
	}
}

// word goes behind w, if that is the next word.
func (s *scanner) word(w string) bool {
	s.space()
	n := 0
	for n < len(s.rest) && nameByte(s.rest[n]) {
		n++
	}
	if !strings.EqualFold(s.rest[:n], w) {
		return false
	}
	s.rest = s.rest[n:]
	return true
}

func nameByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// closing returns the byte that ends what the quote c begins.
func closing(c byte) (byte, bool) {
	switch c {
	case '"', '\'', '`':
		return c, true
	case '[':
		return ']', true
	}
	return 0, false
}

// name reads a name in lower case, quoted or not.
func (s *scanner) name() (name string, quoted, ok bool) {
	s.space()
	if s.rest == "" {
		return "", false, false
	}
	if _, ok := closing(s.rest[0]); ok {
		text, ok := s.quoted()
		return strings.ToLower(text), true, ok && text != ""
	}
	n := 0
	for n < len(s.rest) && nameByte(s.rest[n]) {
		n++
	}
	name, s.rest = s.rest[:n], s.rest[n:]
	return strings.ToLower(name), false, n > 0
}

// quoted reads a text in quotes; a quote inside is written twice.
func (s *scanner) quoted() (string, bool) {
	end, _ := closing(s.rest[0])
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		if s.rest[i] != end {
			b.WriteByte(s.rest[i])
			continue
		}
		if i+1 < len(s.rest) && s.rest[i+1] == end && end != ']' {
			b.WriteByte(end)
			i++
			continue
		}
		s.rest = s.rest[i+1:]
		return b.String(), true
	}
	s.rest = ""
	return "", false
}

// constraints are the words with which a part that is no column begins.
var constraints = []string{"unique", "primary", "foreign", "check", "constraint"}

// columns reads a list in parentheses and returns the names of the columns.
func (s *scanner) columns() (list []string, ok bool) {
	if s.space(); !strings.HasPrefix(s.rest, "(") {
		return nil, false
	}
	s.rest = s.rest[1:]
	for {
		name, quoted, ok := s.name()
		if !ok {
			return nil, false
		}
		if quoted || !slices.Contains(constraints, name) {
			list = append(list, name)
		}
		end, ok := s.skip()
		if !ok || end == ')' {
			return list, ok
		}
	}
}

// skip goes behind the comma or the parenthesis that ends the part at hand,
// and returns which of them it is.
func (s *scanner) skip() (byte, bool) {
	depth := 0
	for s.space(); s.rest != ""; s.space() {
		c := s.rest[0]
		if _, ok := closing(c); ok {
			if _, ok := s.quoted(); !ok {
				return 0, false
			}
			continue
		}
		s.rest = s.rest[1:]
		switch {
		case c == '(':
			depth++
		case depth == 0 && (c == ',' || c == ')'):
			return c, true
		case c == ')':
			depth--
		}
	}
	return 0, false
}
