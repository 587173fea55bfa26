package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"bakfs/signal"
)

// lastMillis is the last millisecond of the year 9999: times after it are shown
// as it.
const lastMillis = 253402300799999

// at returns a time in a zone.
func at(ms signal.Millis, zone *time.Location) time.Time {
	return time.UnixMilli(int64(min(ms, lastMillis))).In(zone)
}

func iso(t time.Time) string { return string(appendISO(nil, t)) }

func appendISO(b []byte, t time.Time) []byte {
	return t.AppendFormat(b, "2006-01-02T15:04:05-07:00")
}

// zoneOf returns the zone to show times in, and its name.
func zoneOf(zone *time.Location) (*time.Location, string) {
	switch {
	case zone == nil:
		return time.UTC, "UTC"
	case zone.String() == "Local":
		return zone, "local"
	}
	return zone, zone.String()
}

// timer returns a duration in the largest unit that it is a whole number of.
func timer(ms uint64) string {
	n := ms / 1000
	unit := "second"
	for _, u := range []struct {
		seconds uint64
		name    string
	}{{7 * 86400, "week"}, {86400, "day"}, {3600, "hour"}, {60, "minute"}} {
		if n >= u.seconds && n%u.seconds == 0 {
			n, unit = n/u.seconds, u.name
			break
		}
	}
	return plural(int(min(n, 1<<31)), unit)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return number(n) + " " + word + "s"
}

// number writes n in groups of three digits; "" for one that is not known.
func number(n int) string {
	if n < 0 {
		return ""
	}
	s := strconv.Itoa(n)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// length writes how long sound or film is: "0:42", "1:02:03".
func length(d time.Duration) string {
	s := int64((d + time.Second/2) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// size writes a number of bytes.
func size(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " bytes"
	case n < 999_950:
		return strconv.FormatFloat(float64(n)/1e3, 'f', 0, 64) + " kB"
	case n < 999_950_000:
		return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
	}
	return strconv.FormatFloat(float64(n)/1e9, 'f', 1, 64) + " GB"
}
