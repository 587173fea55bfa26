package name

import (
	"strings"

	"bakfs/view/chat"
)

// A kind of content: the extensions that fit it, the right one first.
var extensions = map[string][]string{
	"image/jpeg":                    {"jpg", "jpeg", "jpe", "jfif"},
	"image/png":                     {"png", "apng"},
	"image/apng":                    {"png", "apng"},
	"image/gif":                     {"gif"},
	"image/webp":                    {"webp"},
	"image/heic":                    {"heic", "heif", "hif"},
	"image/heif":                    {"heif", "heic", "hif"},
	"image/avif":                    {"avif"},
	"image/jxl":                     {"jxl"},
	"image/bmp":                     {"bmp", "dib"},
	"image/tiff":                    {"tif", "tiff", "dng", "nef", "cr2", "arw"},
	"image/svg+xml":                 {"svg"},
	"image/x-icon":                  {"ico", "cur"},
	"video/mp4":                     {"mp4", "m4v", "mov", "3gp", "mp4v"},
	"video/quicktime":               {"mov", "qt", "mp4", "m4v"},
	"video/webm":                    {"webm"},
	"video/3gpp":                    {"3gp", "3gpp", "3g2", "mp4"},
	"video/x-matroska":              {"mkv", "mka", "webm"},
	"video/x-msvideo":               {"avi"},
	"video/mpeg":                    {"mpg", "mpeg", "vob"},
	"audio/mp4":                     {"m4a", "m4b", "mp4"},
	"audio/aac":                     {"aac", "adts"},
	"audio/mpeg":                    {"mp3", "mpga"},
	"audio/ogg":                     {"ogg", "oga", "opus", "spx"},
	"application/ogg":               {"ogg", "ogv", "ogx", "oga", "opus", "spx"},
	"audio/opus":                    {"opus", "ogg", "oga"},
	"audio/wav":                     {"wav", "wave"},
	"audio/flac":                    {"flac"},
	"audio/amr":                     {"amr", "awb"},
	"audio/3gpp":                    {"3gp", "3gpp"},
	"audio/webm":                    {"weba", "webm"},
	"audio/aiff":                    {"aiff", "aif", "aifc"},
	"audio/midi":                    {"mid", "midi"},
	"audio/x-caf":                   {"caf"},
	"application/pdf":               {"pdf", "ai"},
	"application/x-rar-compressed":  {"rar", "cbr"},
	"application/x-7z-compressed":   {"7z"},
	"application/zstd":              {"zst"},
	"application/x-xz":              {"xz", "txz"},
	"application/x-bzip2":           {"bz2", "tbz", "tbz2"},
	"application/gzip":              {"gz", "tgz", "svgz"},
	"application/vnd.sqlite3":       {"sqlite", "sqlite3", "db"},
	"application/wasm":              {"wasm"},
	"application/rtf":               {"rtf"},
	"application/vnd.ms-fontobject": {"eot"},
	"font/ttf":                      {"ttf"},
	"font/otf":                      {"otf"},
	"font/woff":                     {"woff"},
	"font/woff2":                    {"woff2"},
}

// Other words for the same types.
var aliases = map[string]string{
	"image/heic-sequence": "image/heic", "image/heif-sequence": "image/heif",
	"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-ms-bmp": "image/bmp", "image/vnd.microsoft.icon": "image/x-icon",
	"video/x-m4v": "video/mp4", "video/avi": "video/x-msvideo", "video/matroska": "video/x-matroska", "application/mp4": "video/mp4",
	"audio/x-m4a": "audio/mp4", "audio/m4a": "audio/mp4", "audio/mp4a-latm": "audio/mp4", "audio/aacp": "audio/aac", "audio/x-aac": "audio/aac",
	"audio/mp3": "audio/mpeg", "audio/wave": "audio/wav", "audio/x-wav": "audio/wav", "audio/vnd.wave": "audio/wav", "audio/x-flac": "audio/flac",
	"audio/basic": "audio/x-au", "audio/x-aiff": "audio/aiff", "application/x-rar": "application/x-rar-compressed",
	"application/vnd.rar": "application/x-rar-compressed", "application/x-gzip": "application/gzip", "application/x-sqlite3": "application/vnd.sqlite3",
	"text/rtf": "application/rtf", "application/x-font-ttf": "font/ttf",
}

// Types that say little: a file of them keeps any extension that does not
// belong to another kind of content, and gets this one if it has none.
var vague = map[string]string{
	"text/plain": "txt", "text/x-signal-plain": "txt", "text/html": "html", "text/xml": "xml", "application/xml": "xml", "application/json": "json",
	"text/vcard": "vcf", "text/x-vcard": "vcf", "text/csv": "csv", "text/markdown": "md", "text/calendar": "ics",
	"application/zip": "zip", "application/postscript": "ps", "application/msword": "doc", "application/x-tar": "tar",
	"application/vnd.android.package-archive": "apk", "application/epub+zip": "epub",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   "docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         "xlsx",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
	"application/vnd.oasis.opendocument.text":                                   "odt",
	"application/vnd.oasis.opendocument.spreadsheet":                            "ods",
	"application/vnd.oasis.opendocument.presentation":                           "odp",
	"application/vnd.ms-excel":                                                  "xls",
	"application/vnd.ms-powerpoint":                                             "ppt",
}

// owned are the extensions that belong to a kind of content that nobody takes
// for text or an archive.
var owned = func() map[string]bool {
	all := map[string]bool{}
	for _, list := range extensions {
		for _, e := range list {
			all[e] = true
		}
	}
	for _, e := range []string{"svg", "rtf", "ai", "db"} {
		delete(all, e)
	}
	return all
}()

// Ext returns the extension, with its dot, that a file should have: ext if it
// fits the content, else the right one; "" if nothing is known. sniffed is the
// type that its bytes have, claimed the one its sender told.
func Ext(ext, sniffed, claimed string, kind chat.FileKind) string {
	bare := strings.ToLower(strings.TrimPrefix(ext, "."))
	for i, t := range []string{mediaType(sniffed), mediaType(claimed)} {
		if kind == chat.Voice || kind == chat.Audio {
			t = heard(t)
		}
		if list := extensions[t]; list != nil {
			if contains(list, bare) || i > 0 && bare != "" {
				return ext
			}
			return "." + list[0]
		}
		right := vague[t]
		if right == "" {
			continue
		}
		if told := vague[mediaType(claimed)]; told != "" {
			right = told // a document is an archive, a card is text
		}
		if bare == "" || owned[bare] && i == 0 {
			return "." + right
		}
		return ext
	}
	return ext
}

// heard returns the type of a sound in a container that also holds films.
func heard(t string) string {
	if sound := strings.Replace(t, "video/", "audio/", 1); extensions[sound] != nil {
		return sound
	}
	if t == "video/quicktime" {
		return "audio/mp4"
	}
	return t
}

func mediaType(t string) string {
	t, _, _ = strings.Cut(t, ";")
	t = strings.ToLower(strings.TrimSpace(t))
	if a := aliases[t]; a != "" {
		return a
	}
	return t
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}
