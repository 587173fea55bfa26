package snapshot

import (
	"fmt"
	"slices"
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

// Names gives each snapshot its name in a mount: <2026-05-31_0300>_<device>, the minute of its Date, with -2, -3, … behind it
// where one device has several, as they were entered: so one that comes later, with an old date, changes no other's name.
// infos are as List gives them.
func Names(infos []Info, where *time.Location) []string {
	devices := deviceNames(infos)
	seen := make(map[string]int, len(infos))
	names := make([]string, len(infos))
	for _, i := range entered(infos) {
		info := infos[i]
		minute, device := info.Date().In(where).Format(minuteForm), devices[info.Device]
		key := minute + "_" + device
		if seen[key]++; seen[key] > 1 {
			minute = fmt.Sprintf("%s-%d", minute, seen[key])
		}
		names[i] = minute + "_" + device
	}
	return names
}

// entered gives the numbers of infos in the order of their entries' times, else that of List.
func entered(infos []Info) []int {
	order := make([]int, len(infos))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return infos[a].Time.Compare(infos[b].Time) })
	return order
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
