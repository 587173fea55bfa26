package integration

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bakfs/signal"
	"bakfs/signal/legacy"
	"bakfs/signal/modern"
)

// A secretPhone is a backup of Signal in which every secret and everything that
// people said is a canary.
type secretPhone struct {
	t    tb
	dir  string
	key  string            // as the user has it
	keys map[string][]byte // what nothing may show, not even a view of messages
	said map[string][]byte // what only the views of messages show
	w    *modern.SnapshotWriter
	r    *rand.Rand
}

// account is the owner of the backup.
const account = "3f0c7a52-9d1e-4b6a-8c2f-5e71d0a94b86"

// newSecretPhone writes the backup, of two days.
func newSecretPhone(t tb) *secretPhone {
	t.Helper()
	p := &secretPhone{t: t, dir: filepath.Join(tempDir(t), "phone"), keys: map[string][]byte{}, said: map[string][]byte{}, r: rand.New(rand.NewPCG(4, 77))}
	p.makeKey()
	parsed, err := modern.ParseRecoveryKey(p.key)
	check(t, err)
	root := parsed.BackupKey()
	id := root.ID(serviceID(t, account))
	for day := range 2 {
		at := time.Date(2026, 5, 10+day, 3, 0, 0, 0, time.UTC)
		p.w, err = modern.CreateSnapshot(p.dir+"/SignalBackups", at.Format("signal-backup-2006-01-02-15-04-05"), root.Keys(id), modern.AppendMetadata(nil, root, id, [12]byte{byte(day)}))
		check(t, err)
		p.record(&signal.BackupInfo{Version: 1, BackupTimeMs: signal.Millis(at.UnixMilli()), MediaRootBackupKey: p.secret("media root key", 32), DebugInfo: p.secret("debug info", 20)})
		p.people()
		p.talk(day)
		check(t, p.w.Close())
	}
	if both := root.Keys(id).Bytes(); !bytes.Equal(both, append(bytes.Clone(p.keys["HMAC key"]), p.keys["AES key"]...)) {
		t.Fatal("this test looks for the wrong keys")
	}
	return p
}

// makeKey makes the recovery key, and all keys of section A.3 of Signal's formats.
func (p *secretPhone) makeKey() {
	const symbols = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, 64)
	for i := range b {
		b[i] = symbols[p.r.IntN(len(symbols))]
	}
	var groups []string
	for at := 0; at < 64; at += 4 {
		groups = append(groups, strings.ToUpper(string(b[at:at+4])))
	}
	p.key = strings.Join(groups, " ")
	p.keys["recovery key"], p.keys["recovery key in capitals"], p.keys["recovery key as shown"] = b, bytes.ToUpper(b), []byte(p.key)
	p.keys["recovery key as newer apps show it"] = []byte(strings.NewReplacer("O", "#", "0", "=").Replace(p.key))
	for i := 0; i+1 < len(groups); i += 2 {
		p.keys[fmt.Sprint("recovery key's groups from ", i+1)] = []byte(groups[i] + " " + groups[i+1])
	}
	derive := func(key []byte, info string, n int) []byte {
		out, err := hkdf.Key(sha256.New, key, nil, info, n)
		check(p.t, err)
		return out
	}
	root := derive(b, "20240801_SIGNAL_BACKUP_KEY", 32)
	id := serviceID(p.t, account)
	bid := derive(root, "20241024_SIGNAL_BACKUP_ID:"+string(id), 16)
	both := derive(root, "20241007_SIGNAL_BACKUP_ENCRYPT_MESSAGE_BACKUP:"+string(bid), 64)
	p.keys["backup key"], p.keys["HMAC key"], p.keys["AES key"] = root, both[:32], both[32:]
	p.keys["metadata key"] = derive(root, "20241011_SIGNAL_LOCAL_BACKUP_METADATA_KEY", 32)
	p.keys["SVR master key"] = derive(b, "20240801_SIGNAL_SVR_MASTER_KEY", 32)
}

// secret is a key of which nothing shows anything; the same on both days.
func (p *secretPhone) secret(what string, n int) signal.Secret {
	if p.keys[what] == nil {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(p.r.Uint32())
		}
		p.keys[what] = b
	}
	return signal.NewSecret(string(p.keys[what]))
}

// say is something that a person said.
func (p *secretPhone) say(what string) string {
	p.said[what] = []byte("canary." + what + ".Rf4wY8")
	return string(p.said[what])
}

func (p *secretPhone) record(m signal.Message) {
	p.t.Helper()
	check(p.t, p.w.Write(signal.Append(nil, m)))
}

func (p *secretPhone) frame(item signal.FrameItem) {
	p.t.Helper()
	p.record(&signal.Frame{Item: item})
}

// people writes the account, a contact, a group and the chats with them.
func (p *secretPhone) people() {
	p.keys["PIN"] = []byte("canary-PIN-8302771946")
	p.frame(&signal.Account{ProfileKey: p.secret("profile key", 32), GivenName: p.say("owner"), SVRPIN: signal.NewSecret(string(p.keys["PIN"])),
		UsernameLink: &signal.UsernameLink{Entropy: p.secret("username link", 32)}, DonationSubscriberData: &signal.Subscriber{SubscriberID: p.secret("donor", 32)},
		BackupsSubscriberData: &signal.StoreSubscriber{SubscriberID: p.secret("subscriber", 32)}, AccountSettings: &signal.Settings{}, BioText: p.say("bio")})
	p.frame(&signal.Recipient{ID: 1, Destination: &signal.Self{}})
	friend := serviceID(p.t, "7d1b2c3a-4e5f-4a6b-9c7d-8e9fa0b1c2d3")
	p.frame(&signal.Recipient{ID: 2, Destination: &signal.Contact{ACI: signal.Some(friend), E164: signal.Some(uint64(15550107788)), Registered: &signal.Registered{},
		ProfileKey: signal.Some(p.secret("friend's profile key", 32)), KeyTransparencyData: signal.Some(p.secret("key transparency", 40)), ProfileSharing: true,
		ProfileGivenName: signal.Some(p.say("friend")), Note: p.say("note"), Nickname: &signal.PersonName{Given: p.say("nickname")}}})
	p.frame(&signal.Recipient{ID: 3, Destination: &signal.Group{MasterKey: p.secret("group master key", 32), Whitelisted: true, State: &signal.GroupState{
		Title: &signal.GroupAttribute{Title: signal.Some(p.say("group"))}, InviteLinkPassword: p.secret("invite link", 16),
		Description: &signal.GroupAttribute{DescriptionText: signal.Some(p.say("description"))},
		Members:     []signal.GroupMember{{UserID: serviceID(p.t, account), Role: signal.RoleDefault}, {UserID: friend, Role: signal.RoleAdministrator}}}}})
	p.frame(&signal.Recipient{ID: 4, Destination: &signal.CallLink{RootKey: p.secret("call link's key", 16), AdminKey: signal.Some(p.secret("call link's admin key", 16)), Name: p.say("call link")}})
	for id, with := range []uint64{1, 2, 3} {
		p.frame(&signal.Chat{ID: uint64(id + 1), RecipientID: with, ExpireTimerVersion: 1})
	}
}

// talk writes what was said up to a day: of the first one a message is gone on the second.
func (p *secretPhone) talk(day int) {
	message := func(chat uint64, minute int, body signal.Body) *signal.ChatItem {
		at := signal.Millis(time.Date(2026, 5, 9, 8, minute, 0, 0, time.UTC).UnixMilli())
		return &signal.ChatItem{ChatID: chat, AuthorID: 2, DateSent: at, Body: body, Directionless: nil, Incoming: &signal.Incoming{DateReceived: at}}
	}
	words := func(what string) *signal.StandardMessage {
		return &signal.StandardMessage{Text: &signal.Text{Body: p.say(what)}}
	}
	p.frame(message(2, 1, words("message")))
	if day == 0 {
		p.frame(message(2, 2, words("gone")))
	}
	edited := message(3, 3, words("edited"))
	edited.Revisions = []signal.ChatItem{*message(3, 2, words("before the edit"))}
	p.frame(edited)
	file := words("with file")
	content := []byte(strings.Repeat(p.say("content of a file")+"\n", 200))
	sum := sha256.Sum256(content)
	l := &signal.Locator{Key: p.secret("media key", 64), PlaintextHash: signal.Some(signal.Bytes(sum[:])), Size: uint32(len(content)), LocalKey: signal.Some(p.secret("local media key", 64))}
	check(p.t, p.w.Media(l, bytes.NewReader(content)))
	file.Attachments = []signal.Attachment{{Pointer: &signal.FilePointer{ContentType: signal.Some("text/plain"), FileName: signal.Some(p.say("file name") + ".txt"),
		Caption: signal.Some(p.say("caption")), Locator: l}, WasDownloaded: true}}
	p.frame(message(3, 5, file))
	p.frame(message(3, 6, &signal.Poll{Question: p.say("question"), Options: []signal.PollOption{{Option: p.say("option")}, {Option: "no"}}}))
	p.frame(message(2, 7, &signal.StickerMessage{Sticker: &signal.Sticker{PackID: signal.Bytes("made up stickers"), PackKey: p.secret("sticker pack's key", 32), Emoji: signal.Some("👋")}}))
	p.frame(message(2, 8, &signal.Payment{Note: signal.Some(p.say("payment's note"))}))
}

// keyFile writes the key as the user has it.
func (p *secretPhone) keyFile() string {
	p.t.Helper()
	name := filepath.Join(tempDir(p.t), "signal-key")
	check(p.t, os.WriteFile(name, []byte(p.key+"\n"), 0o600))
	return name
}

// legacySecrets are the passphrase of a legacy file and the keys derived from it.
func legacySecrets(t tb, file, passphrase string) map[string][]byte {
	t.Helper()
	b, err := os.ReadFile(file)
	check(t, err)
	h, err := legacy.ReadHeader(bytes.NewReader(b), int64(len(b)))
	check(t, err)
	parsed, err := legacy.ParsePassphrase(passphrase)
	check(t, err)
	keys, err := legacy.DeriveKeys(parsed, h.Salt)
	check(t, err)
	both := keys.Bytes()
	var groups []string
	for at := 0; at < 30; at += 5 {
		groups = append(groups, passphrase[at:at+5])
	}
	return map[string][]byte{"passphrase": []byte(passphrase), "passphrase as shown": []byte(strings.Join(groups, " ")), "legacy cipher key": both[:32], "legacy MAC key": both[32:]}
}
