package page

import (
	"html/template"
	"path"
	"slices"
	"strconv"
	"strings"

	"bakfs/view/chat"
)

// A file is an attachment as it is shown.
type file struct {
	As            string // "image", "video", "audio"; "" for one that is only linked
	Href          template.URL
	Missing       string // why it is not there
	Width, Height int
	Alt           string
	Name          string
	Detail        string // "PDF · 1.8 MB"
	Icon          string
	Print         string // what stands on paper for sound and film
	Caption       string
	Loop          bool
	Active        bool         // a browser might run what is in it
	Blur          template.URL // a blurred preview
}

// files are the attachments of a message: several pictures side by side, the
// others in a list.
type files struct {
	Grid, List []file
}

func newFiles(fs []chat.File, base, who string) *files {
	if len(fs) == 0 {
		return nil
	}
	out := &files{}
	pictures := 0
	for i := range fs {
		f := newFile(&fs[i], base, who)
		if f.As == "image" && f.Caption == "" {
			pictures++
		}
		out.List = append(out.List, f)
	}
	if pictures < 2 {
		return out
	}
	list := out.List
	out.List = nil
	for _, f := range list {
		if f.As == "image" && f.Caption == "" {
			out.Grid = append(out.Grid, f)
		} else {
			out.List = append(out.List, f)
		}
	}
	return out
}

// newFile returns how f is shown on a page that reaches the conversation's
// folder by base.
func newFile(f *chat.File, base, who string) file {
	out := file{Name: clean(f.Name), Caption: clean(f.Caption), Icon: icon(f), Loop: f.Kind == chat.GIF}
	if out.Name == "" {
		out.Name = kindWord(f.Kind)
	}
	out.Alt = kindWord(f.Kind) + " from " + who
	if f.Name != "" {
		out.Alt += ", " + out.Name
	}
	out.Width, out.Height = box(f.Width, f.Height)
	out.Href = fileURL(base, f.Path)
	if out.Href == "" || f.Size < 0 {
		out.missing(f)
		return out
	}
	out.As, out.Active = shownAs(f)
	out.Detail = size(f.Size)
	if kind := strings.TrimPrefix(path.Ext(f.Path), "."); kind != "" && len(kind) <= 5 {
		out.Detail = strings.ToUpper(clean(kind)) + " · " + out.Detail
	}
	if out.Active {
		out.Detail += " · may run scripts when opened"
	}
	out.Print = strings.ToLower(kindWord(f.Kind)) + ", " + clean(f.Path)
	if f.Long > 0 && f.Kind != chat.GIF {
		long := length(f.Long)
		out.Alt += ", " + long
		out.Detail = long + " · " + out.Detail
		out.Print = strings.ToLower(kindWord(f.Kind)) + ", " + long + ", " + clean(f.Path)
	}
	if out.As == "video" {
		out.Blur = blurred(f.Blur)
	}
	return out
}

// missing fills in what is said of a file that is in no backup.
func (f *file) missing(c *chat.File) {
	f.Href = ""
	f.Missing = kindWord(c.Kind)
	if c.Claimed > 0 {
		f.Missing += ", " + size(c.Claimed)
	}
	switch {
	case c.Left:
		f.Missing += " – left out of this export"
	case c.Hash == "" && c.Retired == "":
		f.Missing += " – was not downloaded on the phone, so not in any backup"
	case c.Lost:
		f.Missing += " – cannot be read, since what the backup has of it is damaged"
	default:
		f.Missing += " – not in any backup that is left"
	}
	if c.Kind == chat.Photo || c.Kind == chat.Video || c.Kind == chat.GIF {
		if f.Blur = blurred(c.Blur); f.Blur != "" {
			f.Alt = "Blurred preview, " + f.Alt
		}
	}
}

// The types that a page shows itself. All else is only linked.
var (
	imageTypes = []string{"image/apng", "image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/vnd.mozilla.apng", "image/webp", "image/x-ms-bmp"}
	videoTypes = []string{"video/mp4", "video/ogg", "video/quicktime", "video/webm", "video/x-m4v"}
	audioTypes = []string{"audio/aac", "audio/flac", "audio/m4a", "audio/mp3", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/opus", "audio/wav", "audio/wave", "audio/webm", "audio/x-flac", "audio/x-m4a", "audio/x-wav"}
)

// activeNames are the endings of files in which a browser or desktop runs code.
var activeNames = []string{
	".css", ".desktop", ".htm", ".html", ".js", ".mht", ".mhtml", ".mjs", ".php", ".shtml", ".svg", ".svgz",
	".url", ".webloc", ".xht", ".xhtml", ".xml", ".xsl", ".xslt",
}

// shownAs says how a file that is there is shown, and whether code may be in it.
func shownAs(f *chat.File) (as string, active bool) {
	kind := f.Sniff
	if kind == "" {
		kind = f.MIME
	}
	kind, _, _ = strings.Cut(strings.ToLower(kind), ";")
	kind = strings.TrimSpace(kind)
	if slices.Contains(activeNames, strings.ToLower(path.Ext(f.Path))) ||
		strings.Contains(kind, "html") || strings.Contains(kind, "xml") || strings.Contains(kind, "script") {
		return "", true
	}
	sound := f.Kind == chat.Voice || f.Kind == chat.Audio
	switch {
	case slices.Contains(imageTypes, kind):
		return "image", false
	case slices.Contains(audioTypes, kind), sound && slices.Contains(videoTypes, kind):
		return "audio", false
	case slices.Contains(videoTypes, kind):
		return "video", false
	}
	return "", false
}

// maxBox is the longer side of a picture on a page, in pixels of CSS.
const maxBox = 480

// box returns the size at which a picture is shown; a usual one if it is not
// known. The sizes are the sender's word.
func box(width, height uint32) (w, h int) {
	if width == 0 || height == 0 || width > 1<<16 || height > 1<<16 {
		return 320, 240
	}
	w, h = int(width), int(height)
	if most := max(w, h); most > maxBox {
		w, h = w*maxBox/most, h*maxBox/most
	}
	return max(w, 24), max(h, 24)
}

func kindWord(k chat.FileKind) string {
	switch k {
	case chat.Photo:
		return "Photo"
	case chat.Video:
		return "Video"
	case chat.GIF:
		return "GIF"
	case chat.Voice:
		return "Voice message"
	case chat.Audio:
		return "Audio"
	case chat.StickerImage:
		return "Sticker"
	case chat.LongText:
		return "Long text"
	}
	return "File"
}

func icon(f *chat.File) string {
	switch f.Kind {
	case chat.Photo, chat.StickerImage, chat.Thumbnail:
		return "🖼"
	case chat.Video, chat.GIF:
		return "🎞"
	case chat.Voice:
		return "🎤"
	case chat.Audio:
		return "🎵"
	}
	return "📄"
}

// picture returns a file as a picture, nil if it is not one or not there.
func picture(f *chat.File, base, alt string) *file {
	if f == nil {
		return nil
	}
	p := newFile(f, base, "")
	if p.Missing != "" || p.As != "image" {
		return nil
	}
	p.Alt = alt
	return &p
}

// fileNames returns the names of files in one line.
func fileNames(fs []chat.File) string {
	names := make([]string, 0, len(fs))
	for i := range fs {
		name := clean(fs[i].Name)
		if name == "" {
			name = strings.ToLower(kindWord(fs[i].Kind))
		}
		names = append(names, name)
	}
	if len(names) > maxNames {
		names = append(names[:maxNames:maxNames], strconv.Itoa(len(fs)-maxNames)+" more")
	}
	return strings.Join(names, ", ")
}
