package snapshot

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"bakfs/seal"
)

const (
	minuteForm    = "2006-01-02_1504"
	maxDeviceName = 64 // bytes of a device's name in the name of a snapshot
)

// Names gives each snapshot its name in a mount: <2026-05-31_0300>_<device>, with -2, -3, … behind the minute where
// one device made several. infos are as List gives them.
func Names(infos []Info, where *time.Location) []string {
	devices := deviceNames(infos)
	seen := make(map[string]int, len(infos))
	names := make([]string, len(infos))
	for i, info := range infos {
		minute, device := info.Time.In(where).Format(minuteForm), devices[info.Device]
		key := minute + "_" + device
		if seen[key]++; seen[key] > 1 {
			minute = fmt.Sprintf("%s-%d", minute, seen[key])
		}
		names[i] = minute + "_" + device
	}
	return names
}

// deviceNames gives each device a name for files; devices of one name get a part of their id behind it.
func deviceNames(infos []Info) map[seal.DeviceID]string {
	names := map[seal.DeviceID]string{}
	devices := map[string]int{}
	for _, info := range infos {
		if _, ok := names[info.Device]; !ok {
			name := safeName(info.DeviceName)
			names[info.Device] = name
			devices[name]++
		}
	}
	for id, name := range names {
		if devices[name] > 1 {
			names[id] = name + "-" + id.String()[:8]
		}
	}
	return names
}

// safeName makes a device's name one that every file system and shell takes.
func safeName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '-'
	}, name)
	for len(safe) > maxDeviceName {
		_, n := utf8.DecodeLastRuneInString(safe)
		safe = safe[:len(safe)-n]
	}
	if safe = strings.Trim(safe, "-."); safe == "" {
		return "device"
	}
	return safe
}
