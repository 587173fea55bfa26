// Package sample writes a small made-up Signal backup, for demonstrations and
// tests: a group that plans a climb, with photos, a voice message, a poll and a
// call, backed up on two days between which a message was edited and another
// one deleted.
//
// What always holds: the same call writes the same messages and files (only the IVs
// of the seal are new). All persons, numbers and keys are made up, and the key is
// public: nothing real may be sealed with it.
package sample

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"path/filepath"
	"time"

	"bakfs/signal"
	"bakfs/signal/modern"
)

// Key is the recovery key of the sample, as Signal would show it.
const Key = "B4KF SSMP LEK3 YTHA T1SP UBL1 CN0T SECR B4KF SSMP LEK3 YTHA T1SP UBL1 CN0T SECR"

// The persons' ids in the backup, and their accounts.
const (
	jana = 1 + iota
	alice
	bob
	zoe
	sarah
	climbers // the group
)

var accounts = map[uint64]signal.ServiceID{
	jana: account("jana"), alice: account("alice"), bob: account("bob"), zoe: account("zoe"), sarah: account("sarah"),
}

func account(name string) signal.ServiceID {
	sum := sha256.Sum256([]byte("account " + name))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	return signal.ServiceID(sum[:16])
}

// A day is one backup.
type day struct {
	name string
	at   time.Time
}

var days = []day{
	{"signal-backup-2026-05-15-03-00-12", time.Date(2026, 5, 15, 3, 0, 12, 0, time.UTC)},
	{"signal-backup-2026-05-31-03-00-07", time.Date(2026, 5, 31, 3, 0, 7, 0, time.UTC)},
}

// Write writes the folder SignalBackups, with two backups, into the folder dir.
func Write(dir string) error {
	key, err := modern.ParseRecoveryKey(Key)
	if err != nil {
		return err
	}
	root := key.BackupKey()
	id := root.ID(accounts[jana])
	for n, d := range days {
		iv := sha256.Sum256([]byte("metadata " + d.name))
		w, err := modern.CreateSnapshot(filepath.Join(dir, "SignalBackups"), d.name, root.Keys(id), modern.AppendMetadata(nil, root, id, [12]byte(iv[:])))
		if err != nil {
			return err
		}
		if err := write(w, d, n == len(days)-1); err != nil {
			w.Abort()
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
	}
	return nil
}

// write writes one backup: the last one has all that was said, and what was changed since.
func write(w *modern.SnapshotWriter, d day, last bool) error {
	h := &history{until: d.at, last: last}
	h.tell()
	if err := w.Write(signal.Append(nil, &signal.BackupInfo{Version: 1, BackupTimeMs: ms(d.at), CurrentAppVersion: "sample"})); err != nil {
		return err
	}
	for _, item := range append(people(), h.items...) {
		if err := w.Write(signal.Append(nil, &signal.Frame{Item: item})); err != nil {
			return err
		}
	}
	for _, f := range h.files {
		if err := w.Media(f.locator, bytes.NewReader(f.content)); err != nil {
			return err
		}
	}
	return nil
}

func ms(t time.Time) signal.Millis { return signal.Millis(t.UnixMilli()) }

// people are the account, the recipients and the chats.
func people() []signal.FrameItem {
	contact := func(id uint64, given, family string, number uint64) signal.FrameItem {
		return &signal.Recipient{ID: id, Destination: &signal.Contact{ACI: signal.Some(accounts[id]), E164: signal.Some(number), ProfileGivenName: signal.Some(given),
			ProfileFamilyName: signal.Some(family), Registered: &signal.Registered{}, ProfileSharing: true}}
	}
	group := &signal.Group{MasterKey: secret("group", 32), Whitelisted: true, State: &signal.GroupState{
		Title:       &signal.GroupAttribute{Title: signal.Some("Climbing Club 🧗")},
		Description: &signal.GroupAttribute{DescriptionText: signal.Some("Rocks, ropes and cake")}, Version: 7,
	}}
	for _, id := range []uint64{jana, alice, bob, zoe, sarah} {
		role := signal.RoleDefault
		if id == alice {
			role = signal.RoleAdministrator
		}
		group.State.Members = append(group.State.Members, signal.GroupMember{UserID: accounts[id], Role: role})
	}
	chat := func(id, with uint64) signal.FrameItem {
		return &signal.Chat{ID: id, RecipientID: with, ExpireTimerVersion: 1}
	}
	return []signal.FrameItem{
		&signal.Account{ProfileKey: secret("profile", 32), GivenName: "Jana", FamilyName: "Novak", AccountSettings: &signal.Settings{}},
		&signal.Recipient{ID: jana, Destination: &signal.Self{}},
		contact(alice, "Alice", "Example", 15550100177), contact(bob, "Bob", "Stone", 15550100142),
		contact(zoe, "Zoë", "Ångström", 4940555019), contact(sarah, "שרה", "כהן", 97255550123),
		&signal.Recipient{ID: climbers, Destination: group},
		&signal.Chat{ID: climb, RecipientID: climbers, PinnedOrder: signal.Some(uint32(1)), ExpireTimerVersion: 1},
		chat(withAlice, alice), chat(notes, jana),
	}
}

// The chats' ids.
const (
	climb = 1 + iota
	withAlice
	notes
)

// secret is n bytes, at most 64, that are made of a name.
func secret(name string, n int) signal.Secret {
	sum := sha512.Sum512([]byte("secret " + name))
	return signal.NewSecret(string(sum[:n]))
}
