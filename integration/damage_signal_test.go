package integration

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	iofs "io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bakfs/signal"
	"bakfs/signal/archive"
	"bakfs/signal/modern"
	story "bakfs/signal/sample"
	"bakfs/snapshot"
)

// A talk is a backup of a few conversations, each with months and files that are
// larger than a sealed block, so that damage meets one of them.
type talk struct {
	t     tb
	dir   string
	w     *modern.SnapshotWriter
	r     *rand.Rand
	chats map[string]string // names of people: folders of archives
}

var talkers = []string{"Anna", "Bela", "Cleo"}

const talkMonths = 3

// newTalk writes two backups; the second has one month more of each conversation.
func newTalk(t tb) *talk {
	t.Helper()
	p := &talk{t: t, dir: filepath.Join(tempDir(t), "phone"), chats: map[string]string{}}
	key, err := modern.ParseRecoveryKey(story.Key)
	check(t, err)
	root := key.BackupKey()
	id := root.ID(serviceID(t, account))
	for day := range 2 {
		p.r = rand.New(rand.NewPCG(8, 8))
		at := time.Date(2026, time.Month(talkMonths+day), 28, 3, 0, 0, 0, time.UTC)
		p.w, err = modern.CreateSnapshot(p.dir+"/SignalBackups", at.Format("signal-backup-2006-01-02-15-04-05"), root.Keys(id), modern.AppendMetadata(nil, root, id, [12]byte{byte(day)}))
		check(t, err)
		check(t, p.w.Write(signal.Append(nil, &signal.BackupInfo{Version: 1, BackupTimeMs: signal.Millis(at.UnixMilli())})))
		p.people()
		for month := range talkMonths + day {
			for i := range talkers {
				p.month(i, month, 30)
			}
		}
		if day > 0 { // another version of a month that the first backup has too
			p.month(0, talkMonths-1, 1)
		}
		check(t, p.w.Close())
	}
	return p
}

func (p *talk) frame(item signal.FrameItem) {
	p.t.Helper()
	check(p.t, p.w.Write(signal.Append(nil, &signal.Frame{Item: item})))
}

func (p *talk) people() {
	p.frame(&signal.Account{ProfileKey: p.secret(32), GivenName: "Olga", AccountSettings: &signal.Settings{}})
	p.frame(&signal.Recipient{ID: 99, Destination: &signal.Self{}})
	for i, name := range talkers {
		aci := serviceID(p.t, fmt.Sprintf("0000000%d-0000-4000-8000-000000000000", i))
		who := &signal.Recipient{ID: uint64(i + 1), Destination: &signal.Contact{ACI: signal.Some(aci), Registered: &signal.Registered{}, ProfileGivenName: signal.Some(name)}}
		p.frame(who)
		p.chats[name] = archive.ConversationDir(archive.ConversationKey(who))
	}
	for i := range talkers {
		p.frame(&signal.Chat{ID: uint64(i + 1), RecipientID: uint64(i + 1), ExpireTimerVersion: 1})
	}
}

func (p *talk) secret(n int) signal.Secret { return signal.NewSecret(string(p.bytes(n))) }

func (p *talk) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(p.r.Uint32())
	}
	return b
}

// month writes a file and messages that do not compress well.
func (p *talk) month(who, month, messages int) {
	p.t.Helper()
	content := p.bytes(20_000)
	sum := sha256.Sum256(content)
	l := &signal.Locator{Key: p.secret(64), PlaintextHash: signal.Some(signal.Bytes(sum[:])), Size: uint32(len(content)), LocalKey: signal.Some(p.secret(64))}
	check(p.t, p.w.Media(l, bytes.NewReader(content)))
	for i := range messages {
		at := signal.Millis(time.Date(2026, time.Month(1+month), 1+i%26, 9, i, who, messages, time.UTC).UnixMilli())
		body := &signal.StandardMessage{Text: &signal.Text{Body: hex.EncodeToString(p.bytes(700))}}
		if i == 3 {
			body.Attachments = []signal.Attachment{{Pointer: &signal.FilePointer{ContentType: signal.Some("application/octet-stream"), FileName: signal.Some(fmt.Sprintf("%s-%d.bin", talkers[who], 1+month)), Locator: l}, WasDownloaded: true}}
		}
		p.frame(&signal.ChatItem{ChatID: uint64(who + 1), AuthorID: uint64(who + 1), DateSent: at, Body: body, Incoming: &signal.Incoming{DateReceived: at, Read: true}})
	}
}

// A damagedView is what a mount shows of damaged backups of Signal.
type damagedView struct {
	wrong int // errors so far
	t     *testing.T
	what  string
	talk  *talk
	whole map[string]string
	got   *reading
	says  map[string]bool // files that say that something cannot be read; looked at last
	raw   []string        // files of the archives that cannot be read
}

// Damage in a pack costs the messages and files that are in it: the others are
// the same, and what shows less than it did says so.
func TestDamageOfSignalMounted(t *testing.T) {
	t.Parallel()
	needFUSE(t)
	p := newTalk(t)
	m, key := newRepository(t, "laptop")
	phoneKeyFile := filepath.Join(tempDir(t), "signal-key")
	check(t, os.WriteFile(phoneKeyFile, []byte(story.Key), 0o600))
	m.ok("backup", "--signal", p.dir, "--signal-key-file", phoneKeyFile)
	whole, _ := readMounted(t, m.repo, key, nil)
	if len(whole.problems) > 0 || len(whole.found) < 100 {
		t.Fatalf("a whole repository: %d things, %q", len(whole.found), whole.problems)
	}
	lines := exportedTexts(t, withKey(t, m.repo, key), 0)
	type flip struct {
		pack string
		at   int
	}
	var all []flip
	for _, pack := range byTime(t, globbed(t, m.repo+"/packs/*/*")) {
		for at := objectHead + 5000; at < int(folderSize(t, pack)); at += sealedBlock {
			all = append(all, flip{pack, at})
		}
	}
	n := min(len(all), amount(3, 8, len(all)))
	hurt := map[string]int{}
	for i := range n {
		f := all[(2*i+1)*len(all)/(2*n)]
		b, err := os.ReadFile(f.pack)
		check(t, err)
		damaged := bytes.Clone(b)
		damaged[f.at] ^= 0x10
		check(t, os.WriteFile(f.pack, damaged, 0o600))
		v := &damagedView{t: t, what: fmt.Sprintf("%s at %d", filepath.Base(f.pack)[:8], f.at), talk: p, whole: whole.found}
		if v.raw = unreadable(t, m.repo, key); len(v.raw) == 0 && !*long { // padding
			check(t, os.WriteFile(f.pack, b, 0o600))
			continue
		}
		v.got, v.says = readMounted(t, m.repo, key, whole.found)
		v.judge(hurt)
		if i%3 == 0 {
			v.exported(t, m.repo, key, lines)
		}
		check(t, os.WriteFile(f.pack, b, 0o600))
	}
	t.Logf("%d of %d blocks: %v", n, len(all), hurt)
	if hurt["months"] == 0 || hurt["media"] == 0 {
		t.Error("too few cases")
	}
}

// byTime sorts files by when they were written: the names of packs are chance.
func byTime(t *testing.T, files []string) []string {
	t.Helper()
	when := map[string]int64{}
	for _, f := range files {
		x, _, err := lookAt(f)
		check(t, err)
		when[f] = x.mtime
	}
	slices.SortFunc(files, func(a, b string) int { return cmp.Compare(when[a], when[b]) })
	return files
}

// readMounted reads all of a mount of a device that was never there. Then it reads
// what is other than it was again, and says which of that speaks of damage.
func readMounted(t *testing.T, repo, key string, whole map[string]string) (*reading, map[string]bool) {
	t.Helper()
	v := withKey(t, repo, key).mount()
	defer v.umount()
	r := &reading{found: map[string]string{}}
	r.walk(os.DirFS(v.dir), ".", "")
	says := map[string]bool{}
	if whole != nil { // what the kernel keeps of a folder that may change: about.txt tells of what was met since
		time.Sleep(1200 * time.Millisecond)
	}
	for at, is := range r.found {
		if is[0] == '-' && whole != nil && (whole[at] != is || path.Base(at) == "about.txt") {
			b, err := os.ReadFile(v.dir + at)
			says[at] = err != nil || bytes.Contains(b, []byte("cannot be read"))
		}
	}
	return r, says
}

// unreadable are the files of the archives, without their backup, of which some
// byte cannot be read; the folder's path where that cannot be listed.
func unreadable(t *testing.T, repo, key string) (bad []string) {
	t.Helper()
	st, infos := openGolden(t, repo, key)
	for _, i := range infos {
		_ = iofs.WalkDir(snapshot.Open(st, i), ".", func(p string, d iofs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				_, err = sumOf(snapshot.Open(st, i), p)
			}
			if err != nil {
				_, p, _ = strings.Cut(strings.TrimPrefix(p, "signal/"), "/")
				bad = append(bad, p)
			}
			return nil
		})
	}
	slices.Sort(bad)
	return slices.Compact(bad)
}

// judge compares what is shown with what was, and counts what is hurt.
func (v *damagedView) judge(hurt map[string]int) {
	v.t.Helper()
	structure := false // not only months and media: then much may be gone, but not in silence
	for _, file := range v.raw {
		kind, _, _ := strings.Cut(file, "/")
		switch {
		case kind == "chats" && strings.Count(file, "/") == 2:
			hurt["months"]++
		case kind == "media" && strings.Count(file, "/") == 2:
			hurt["media"]++
		default:
			structure = true
			hurt["structure"]++
		}
	}
	for at, was := range v.whole {
		is, ok := v.got.found[at]
		switch {
		case ok && is == was:
		case !structure && !v.concerned(at) && !v.says[at]: // a neighbour of a lost month may say that it may lack something
			v.errorf("%s is lost or another, though %q alone cannot be read", at, v.raw)
		case ok && !v.told(at):
			v.errorf("SILENT: %s is another, and nothing says why (%q)", at, v.raw)
		}
	}
	if len(v.raw) > 0 && len(v.got.problems) == 0 {
		v.errorf("SILENT: no error, though %q cannot be read", v.raw)
	}
	v.months()
}

// told says whether somebody who sees a file that is other than it was is told that
// something is lost: by the file, by a name in its folder, by another file of the
// conversation, or by the account's about.txt.
func (v *damagedView) told(at string) bool {
	if v.says[at] || strings.HasPrefix(v.whole[at], "L") {
		return true
	}
	dir := path.Dir(at)
	for _, problem := range v.got.problems {
		if strings.HasPrefix(problem, dir+"/") && strings.Contains(problem, " cannot be read: ") {
			return true
		}
	}
	for said, so := range v.says {
		if so && (path.Base(said) == "about.txt" && strings.HasPrefix(at, path.Dir(said)+"/") || sameChat(said, at)) {
			return true
		}
	}
	return false
}

// exported checks that an export that lacks something does not end as if it were whole.
func (v *damagedView) exported(t *testing.T, repo, key string, whole digest) {
	t.Helper()
	got := exportedTexts(t, withKey(t, repo, key), 13)
	if got == nil {
		return
	}
	if d := whole.differs(got); d != "" {
		v.errorf("SILENT: export messages ends with 0, and this is another (%q):\n%.300s", v.raw, d)
	}
}

// exportedTexts are the texts that an export of all backups writes; none if it ends
// with the code that says that something could not be read.
func exportedTexts(t *testing.T, m *machine, lacking int) digest {
	t.Helper()
	dest := filepath.Join(tempDir(t), "messages")
	r := m.run(messagesArgs("merged", dest)...)
	if r.code != 0 && r.code != lacking {
		t.Fatalf("export messages: exit code %d\n%s", r.code, r.stderr)
	}
	if r.code != 0 {
		return nil
	}
	return texts(t, dest)
}

// errorf reports a case that is wrong, the first few times.
func (v *damagedView) errorf(format string, args ...any) {
	v.t.Helper()
	if v.wrong++; v.wrong <= 5 {
		v.t.Errorf("%s: "+format, append([]any{v.what}, args...)...)
	} else {
		v.t.Fail()
	}
}

// sameChat says whether two paths are in the folder of one conversation.
func sameChat(a, b string) bool {
	before, rest, ok := strings.Cut(a, "/chats/")
	chat, _, _ := strings.Cut(rest, "/")
	return ok && strings.HasPrefix(b, before+"/chats/"+chat+"/")
}

// concerned says whether a path may show something of the months and files that
// cannot be read.
func (v *damagedView) concerned(at string) bool {
	for name, dir := range v.talk.chats {
		of := strings.Contains(at, "/chats/"+name) || strings.Contains(at, "/text/"+name) || strings.Contains(at, "/deleted/")
		if !of {
			continue
		}
		for _, file := range v.raw {
			month, isMonth := strings.CutPrefix(file, "chats/"+dir+"/")
			if strings.HasPrefix(file, "media/") {
				if !strings.HasSuffix(at, ".txt") && !strings.HasSuffix(at, ".jsonl") && !strings.Contains(at, "/web/2") {
					return true // the file, and lists of files
				}
			} else if isMonth && (!strings.Contains(at, "/text/") || strings.Contains(at, month[:7])) {
				return true
			}
		}
		return false
	}
	return true // of all conversations together
}

// months checks that a month that cannot be read is an error, or says what it is instead.
func (v *damagedView) months() {
	v.t.Helper()
	for name, dir := range v.talk.chats {
		for _, file := range v.raw {
			month, ok := strings.CutPrefix(file, "chats/"+dir+"/")
			if !ok || len(month) < 7 {
				continue
			}
			for at := range v.got.found {
				if strings.HasSuffix(at, "/text/"+name+"/"+month[:7]+".txt") && v.got.found[at] != v.whole[at] && !v.told(at) {
					v.errorf("SILENT: %s is shown as something else", at)
				}
			}
		}
	}
}
