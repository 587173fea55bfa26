package name

import (
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"

	"bakfs/view/chat"
)

func TestClean(t *testing.T) {
	long := strings.Repeat("グループ", 30)
	for _, tt := range []struct{ in, portable, unix, ascii string }{
		{"Alice Example", "Alice Example", "Alice Example", "Alice Example"},
		{"Q&A 20/21: what? <now>", "Q&A 20_21_ what_ _now_", "Q&A 20_21: what? <now>", "Q&A 20_21_ what_ _now_"},
		{"-rf ~", "_rf ~", "_rf ~", "_rf ~"},
		{"\u202egpj.exe\u202c invoice", "gpj.exe invoice", "gpj.exe invoice", "gpj.exe invoice"},
		{"a\x1b[31mred\nline", "a[31mred line", "a[31mred line", "a[31mred line"},
		{"🧗‍♀️🔥", "🧗‍♀️🔥", "🧗‍♀️🔥", ""},
		{"שרה כהן", "שרה כהן", "שרה כהן", ""},
		{"Climbing Club 🧗", "Climbing Club 🧗", "Climbing Club 🧗", "Climbing Club"},
		{"Zoë Ångström", "Zoë Ångström", "Zoë Ångström", "Zoe Angstrom"},
		{"Straße “Łódź” — 1…", "Straße “Łódź” — 1…", "Straße “Łódź” — 1…", "Strasse 'Lodz' - 1~"},
		{long, strings.Repeat("グループ", 9) + "グルー…", strings.Repeat("グループ", 9) + "グルー…", ""},
		{"NUL", "_NUL", "NUL", "_NUL"},
		{"nul.tar.gz", "_nul.tar.gz", "nul.tar.gz", "_nul.tar.gz"},
		{"com¹ .x", "_com¹ .x", "com¹ .x", "_com1 .x"},
		{"COM10", "COM10", "COM10", "COM10"},
		{"  ..  ", "", "", ""},
		{"..", "", "", ""},
		{".ssh", "_ssh", "_ssh", "_ssh"},
		{"~root", "_root", "_root", "_root"},
		{"a. . ", "a", "a", "a"},
		{"\xff\xfea", "_a", "_a", "_a"},
		{"../../etc/passwd", "_._.._etc_passwd", "_._.._etc_passwd", "_._.._etc_passwd"},
		{"e\u0301", "é", "é", "e"},
		{"e\u200b\u0301", "é", "é", "e"},
		{"a \u00a0\u2028\t b", "a b", "a b", "a b"},
		{"\u3164\u2800", "", "", ""},
		{"a\u200db", "ab", "ab", "ab"},
		{"می\u200cخواهم", "می\u200cخواهم", "می\u200cخواهم", ""},
		{"ශ\u0dca\u200dර", "ශ\u0dca\u200dර", "ශ\u0dca\u200dර", ""},
		{"🏴\U000E0067\U000E0062\U000E007F!", "🏴\U000E0067\U000E0062\U000E007F!", "🏴\U000E0067\U000E0062\U000E007F!", "!"},
		{"a\U000E0067\U000E0062", "a", "a", "a"},
		{"👩\u200d👩\u200d👧\u200d", "👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧", ""},
		{"\ufeffx\u00ad", "x", "x", "x"},
		{"a\uf02fb", "a_b", "a\uf02fb", "ab"},
		{strings.Repeat("a", 61), strings.Repeat("a", 59) + "…", strings.Repeat("a", 59) + "…", strings.Repeat("a", 59) + "~"},
		{strings.Repeat("a", 60), strings.Repeat("a", 60), strings.Repeat("a", 60), strings.Repeat("a", 60)},
		{strings.Repeat("x", 58) + ". y", strings.Repeat("x", 58) + "…", strings.Repeat("x", 58) + "…", strings.Repeat("x", 58) + "~"},
	} {
		for st, want := range map[Style]string{Portable: tt.portable, Unix: tt.unix, ASCII: tt.ascii} {
			if got := st.Clean(tt.in); got != want {
				t.Errorf("%s: %q becomes %q, want %q", st, tt.in, got, want)
			}
		}
	}
}

func TestOnePersonsCombiningMarksDoNotGrowWithoutBound(t *testing.T) {
	got := Portable.Clean("a" + strings.Repeat("\u0301\u0302\u0323", 4000))
	if len(got) > maxBytes || !strings.HasSuffix(got, "…") || !utf8.ValidString(got) {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

func TestSet(t *testing.T) {
	for _, tt := range []struct {
		what   string
		wishes []Wish
		want   []string
	}{
		{"last digits", []Wish{{Key: "1", Name: "Alice Example"}, {Key: "2", Name: "alice example", Phone: "+4915100000177"}}, []string{"Alice Example", "alice example (…0177)"}},
		{"groups", []Wish{{Key: "group:1", Name: "Family"}, {Key: "group:2", Name: "Family"}}, []string{"Family", "Family (~qbv2j)"}},
		{"folding", []Wish{{Key: "1", Name: "ﬁona"}, {Key: "2", Name: "Fiona", Username: "fiona.42"}}, []string{"ﬁona", "Fiona (fiona.42)"}},
		{"phone first", []Wish{{Key: "1", Name: "A"}, {Key: "2", Name: "A", Phone: "+4911112222", Username: "u.1"}, {Key: "3", Name: "A", Phone: "+4933332222", Username: "u.1"}, {Key: "4", Name: "A", Phone: "+4933332222"}}, []string{"A", "A (…2222)", "A (u.1)", "A (~jmrho)"}},
		{"fallbacks", []Wish{{Key: "1", Name: "  ..  ", Phone: "+4930"}, {Key: "2", Username: "x.1"}, {Key: "3", Fallback: "Group"}, {Key: "4"}}, []string{"+4930", "x.1", "Group", "Unnamed"}},
		{"again", []Wish{{Key: "1", Name: "A"}, {Key: "1", Name: "B"}}, []string{"A", "A"}},
		{"extension", []Wish{{Key: "1", Name: "Tim", Ext: ".vcf"}, {Key: "2", Name: "TIM", Ext: ".vcf", Phone: "+4930901820"}}, []string{"Tim.vcf", "TIM (…1820).vcf"}},
		{"invisible difference", []Wish{{Key: "1", Name: "👩👧"}, {Key: "2", Name: "👩\u200d👧", Phone: "+1234567"}}, []string{"👩👧", "👩\u200d👧 (…4567)"}},
		{"hostile user name", []Wish{{Key: "1", Name: "A"}, {Key: "2", Name: "A", Username: "../\n"}}, []string{"A", "A (_._)"}},
		{"a name like a suffix", []Wish{{Key: "1", Name: "A (…0177)"}, {Key: "2", Name: "A"}, {Key: "3", Name: "A", Phone: "+490177"}}, []string{"A (…0177)", "A", "A (~jydub)"}},
	} {
		s := NewSet(Portable)
		for i, w := range tt.wishes {
			if got := s.Add(w); got != tt.want[i] {
				t.Errorf("%s: %d is called %q, want %q", tt.what, i, got, tt.want[i])
			}
		}
	}
}

func TestFiles(t *testing.T) {
	berlin := time.FixedZone("CEST", 7200)
	at := time.UnixMilli(1778775731001).In(berlin)
	photo := func(key string, i int, orig string) File {
		return File{Key: key + orig, Message: key, Time: at, Index: i, Kind: chat.Photo, Original: orig, Sniffed: "image/jpeg"}
	}
	several := func(f File) File { f.Several = true; return f }
	later := photo("m2", 0, "IMG.jpg")
	later.Time = at.Add(500 * time.Millisecond)
	for _, tt := range []struct {
		what string
		in   []File
		want []string
	}{
		{"album", []File{several(photo("m", 0, "Z.jpg")), several(photo("m", 1, "A.jpg"))}, []string{"2026-05-14 18.22.11-1 Z.jpg", "2026-05-14 18.22.11-2 A.jpg"}},
		{"without the other", []File{several(photo("m", 1, "A.jpg"))}, []string{"2026-05-14 18.22.11-2 A.jpg"}},
		{"no names", []File{photo("m", 0, ""), photo("m", 1, ""), photo("m", 2, "x.JPEG")}, []string{"2026-05-14 18.22.11-1 photo.jpg", "2026-05-14 18.22.11-2 photo.jpg", "2026-05-14 18.22.11 x.JPEG"}},
		{"same second", []File{photo("m", 0, "img.JPG"), later}, []string{"2026-05-14 18.22.11.001 img.JPG", "2026-05-14 18.22.11.501 IMG.jpg"}},
		{"same millisecond", []File{photo("m", 0, "a.jpg"), photo("n", 0, "a.jpg")}, []string{"2026-05-14 18.22.11.001 a (~62537).jpg", "2026-05-14 18.22.11.001 a (~plfxz).jpg"}},
		{"voice", []File{{Time: at, Kind: chat.Voice, Sender: "Bob Stone", Sniffed: "video/mp4"}}, []string{"2026-05-14 18.22.11 Bob Stone.m4a"}},
		{"voice adts", []File{{Time: at, Kind: chat.Voice, Sender: "Bob", Sniffed: "audio/aac", MIME: "audio/mp4"}}, []string{"2026-05-14 18.22.11 Bob.aac"}},
		{"sticker", []File{{Time: at, Kind: chat.StickerImage, Emoji: "👋", Sniffed: "image/webp"}}, []string{"2026-05-14 18.22.11 👋.webp"}},
		{"gif", []File{{Time: at, Kind: chat.GIF, Sniffed: "video/mp4"}}, []string{"2026-05-14 18.22.11 gif.mp4"}},
		{"document", []File{{Time: at, Kind: chat.Document, Original: "../Topo/Nordwand\nv3.pdf", Sniffed: "application/pdf"}}, []string{"2026-05-14 18.22.11 _._Topo_Nordwand v3.pdf"}},
		{"wrong extension", []File{{Time: at, Kind: chat.Photo, Original: "a.png", Sniffed: "image/jpeg"}}, []string{"2026-05-14 18.22.11 a.png.jpg"}},
		{"nothing known", []File{{Time: at, Kind: chat.Document}}, []string{"2026-05-14 18.22.11 file.bin"}},
		{"year", []File{{Time: time.UnixMilli(8_640_000_000_000_000).UTC(), Kind: chat.Document}}, []string{"9999-12-31 23.59.59 file.bin"}},
		{"long", []File{{Time: at, Kind: chat.Document, Original: strings.Repeat("語", 100) + ".pdf"}}, []string{"2026-05-14 18.22.11 " + strings.Repeat("語", 37) + "….pdf"}},
	} {
		got := Portable.Files(tt.in)
		for i := range tt.want {
			if got[i] != tt.want[i] {
				t.Errorf("%s: %d is called %q, want %q", tt.what, i, got[i], tt.want[i])
			}
		}
	}
	got := Portable.OriginalFiles([]File{photo("m", 0, "image.jpg"), photo("n", 0, "image.jpg"), photo("n", 0, "NUL.jpg"), photo("o", 1, "")})
	want := []string{"image (2026-05-14 18.22.11) (~kdwdf).jpg", "image (2026-05-14 18.22.11) (~nfyir).jpg", "_NUL.jpg", "photo.jpg"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("original %d is called %q, want %q", i, got[i], want[i])
		}
	}
}

func TestWithChat(t *testing.T) {
	for _, tt := range []struct{ file, folder, want string }{
		{"2026-05-14 18.22.11 IMG_2041.jpg", "Climbing Club 🧗", "2026-05-14 18.22.11 Climbing Club 🧗 - IMG_2041.jpg"},
		{"2026-05-14 18.22.11.001-2 a b.jpg", "C", "2026-05-14 18.22.11.001-2 C - a b.jpg"},
		{"image.jpg", "C", "C - image.jpg"},
	} {
		if got := Portable.WithChat(tt.file, tt.folder); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	long := Portable.WithChat("2026-05-14 18.22.11.001-21 "+strings.Repeat("語", 60)+".jpg", strings.Repeat("x", 120))
	if len(long) > 255 {
		t.Errorf("%d bytes", len(long))
	}
}

func TestExt(t *testing.T) {
	for _, tt := range []struct {
		ext, sniffed, claimed string
		kind                  chat.FileKind
		want                  string
	}{
		{".JPG", "image/jpeg", "", chat.Photo, ".JPG"},
		{"", "image/jpg", "", chat.Photo, ".jpg"},
		{".m4a", "audio/mp4", "", chat.Voice, ".m4a"},
		{".m4a", "audio/aac", "", chat.Voice, ".aac"},
		{".mov", "video/mp4", "", chat.Video, ".mov"},
		{".docx", "application/zip", "", chat.Document, ".docx"},
		{"", "application/zip", "application/vnd.oasis.opendocument.text", chat.Document, ".odt"},
		{".jpg", "text/html; charset=utf-8", "image/jpeg", chat.Document, ".html"},
		{".svg", "text/xml; charset=utf-8", "image/svg+xml", chat.Document, ".svg"},
		{".go", "text/plain; charset=utf-8", "", chat.Document, ".go"},
		{".exe", "application/octet-stream", "image/jpeg", chat.Document, ".exe"},
		{"", "", "image/webp", chat.StickerImage, ".webp"},
		{"", "", "", chat.Document, ""},
	} {
		if got := Ext(tt.ext, tt.sniffed, tt.claimed, tt.kind); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

func TestStyles(t *testing.T) {
	for _, st := range []Style{Portable, Unix, ASCII} {
		if got, err := ParseStyle(st.String()); err != nil || got != st {
			t.Errorf("%v: %v, %v", st, got, err)
		}
	}
	if _, err := ParseStyle("dos"); err == nil {
		t.Error("dos is a style")
	}
}

// good fails the test if name breaks what every name promises.
func good(t *testing.T, st Style, name string) {
	t.Helper()
	bad := func(why string) { t.Fatalf("%s name %q: %s", st, name, why) }
	if name == "" || name == "." || name == ".." || len(name) > 255 || !utf8.ValidString(name) || !norm.NFC.IsNormalString(name) {
		bad("form")
	}
	if strings.IndexByte(".-~ ", name[0]) >= 0 || strings.HasSuffix(name, " ") || strings.HasSuffix(name, ".") {
		bad("border")
	}
	for _, r := range name {
		if unicode.IsControl(r) || r == '/' || st != Unix && strings.ContainsRune(`\:*?"<>|`, r) || st == ASCII && r > '~' {
			bad("character")
		}
		if 0x202A <= r && r <= 0x202E || 0x2066 <= r && r <= 0x2069 {
			bad("direction")
		}
	}
	if st != Unix && device(name) {
		bad("device")
	}
}

func FuzzNames(f *testing.F) {
	f.Add("Alice", "alice", "+4912345", "u.12", "a.jpg")
	f.Add("\u202e..", "NUL.", "1", "../..", "con.txt")
	f.Add("e\u0301\u200d🧗", "…", "+", "\x00", ".")
	f.Add(strings.Repeat("|", 200)+"@", "A", "+1", "a", "___.jpg")
	f.Fuzz(func(t *testing.T, a, b, phone, user, file string) {
		for _, st := range []Style{Portable, Unix, ASCII} {
			for _, s := range []string{a, b, user, file} {
				c := st.Clean(s)
				if c == "" {
					continue
				}
				good(t, st, c)
				if again := st.Clean(c); again != c {
					t.Fatalf("%s: %q becomes %q, then %q", st, s, c, again)
				}
				if len(c) > maxBytes || uniseg.GraphemeClusterCount(c) > maxClusters {
					t.Fatalf("%q is long", c)
				}
			}
			set, folds := NewSet(st), map[string]bool{}
			for i, n := range []string{a, b, a, b, a + b, file, a} {
				got := set.Add(Wish{Key: string(rune('a' + i)), Name: n, Phone: phone, Username: user})
				good(t, st, got)
				folds[Fold(got)] = true
			}
			if len(folds) != 7 {
				t.Fatalf("%d names for 7", len(folds))
			}
			at := time.UnixMilli(1778775731001).UTC()
			files := []File{{Key: "1", Message: "m", Original: file}, {Key: "2", Message: "m", Index: 1, Original: file}, {Key: "3", Message: "n", Original: file, Kind: chat.Voice, Sender: a},
				{Key: "4", Original: a, Kind: chat.Photo, Sniffed: b}, {Key: "5", Original: b, MIME: user}, {Key: "5", Original: b}}
			for i := range files {
				files[i].Time = at
			}
			for _, names := range [][]string{st.Files(files), st.OriginalFiles(files)} {
				folds = map[string]bool{}
				for _, n := range names {
					good(t, st, n)
					folds[Fold(n)] = true
					if w := st.WithChat(n, set.Add(Wish{Key: "a"})); len(w) > 255 {
						t.Fatalf("%q is long", w)
					}
				}
				if len(folds) != len(files) {
					t.Fatalf("%q are not unique", names)
				}
			}
		}
	})
}

func BenchmarkFiles(b *testing.B) {
	files := make([]File, 10_000)
	for i := range files {
		files[i] = File{Key: strconv.Itoa(i), Message: strconv.Itoa(i / 2), Time: time.Unix(int64(1778775731+i/3), 0).UTC(), Kind: chat.Photo, Original: "Schöne Grüße.jpg", Sniffed: "image/jpeg"}
		if i%2 == 0 {
			files[i].Original = ""
		}
	}
	for b.Loop() {
		Portable.Files(files)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(files)), "ns/name")
}
