package history

import (
	"fmt"
	"strconv"
	"time"

	"bakfs/signal"
)

// A Month is a month in the zone of the options.
type Month struct {
	Year  int
	Month time.Month
	// Most is at least the number of messages that say anything, but for those that were edited in a later month. It
	// is cheap to know, and not how many there are.
	Most int
	// Bytes is how long the files are that hold its messages, in all backups: what reading it costs.
	Bytes int64
	// Mixed says that backups differ about it, so that it may hold messages that the newest backup does not have, or
	// what was deleted for everyone. Without it nothing in it is gone.
	Mixed bool
}

// String returns YYYY-MM.
func (m Month) String() string { return m.at().String() }

// Start returns when the month begins in a zone.
func (m Month) Start(zone *time.Location) time.Time {
	return time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, zone)
}

func (m Month) at() month { return month(m.Year*12 + int(m.Month) - 1) }

// A month is year*12 + month-1.
type month int

func (m month) String() string { return fmt.Sprintf("%04d-%02d", int(m)/12, int(m)%12+1) }

func (m month) public() Month { return Month{Year: int(m) / 12, Month: time.Month(int(m)%12 + 1)} }

// parseMonth reads YYYY-MM, of the years in which an archive has messages.
func parseMonth(s string) (month, bool) {
	if len(s) != len("2006-01") || s[4] != '-' {
		return 0, false
	}
	y, err1 := strconv.ParseUint(s[:4], 10, 16)
	m, err2 := strconv.ParseUint(s[5:], 10, 8)
	if err1 != nil || err2 != nil || m < 1 || m > 12 {
		return 0, false
	}
	return month(y*12 + m - 1), true
}

// monthOf returns the month of a moment in a zone; of times that no archive has a
// month for, the last one.
func monthOf(t signal.Millis, zone *time.Location) month {
	at := t.Time().In(zone)
	return min(month(at.Year()*12+int(at.Month())-1), 9999*12+11)
}

// shownIn returns the month in which a message is shown that was first sent at
// first and stands in a file of month file. That is the month of first; only what no
// app writes, a file of quite another month, is bound to the next one that can be, so
// that every message is in one of three months.
func (h *History) shownIn(first signal.Millis, file month) month {
	m := monthOf(first, h.o.Zone)
	return min(max(m, file-1), file+1, 9999*12+11)
}

// millis returns a time as messages have it; times before 1970 are 0.
func millis(t time.Time) signal.Millis { return signal.Millis(max(0, t.UnixMilli())) }
