package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"strconv"
	"strings"
	"sync"
)

//go:embed sheet.css *.tmpl
var sources embed.FS

// templates parses the pages' templates, once in a process. The stylesheet and
// its hash are put into their source, so that they are constant text of it.
var templates = sync.OnceValue(func() *template.Template {
	constants := strings.NewReplacer(
		"@SHEET@", source("sheet.css"),
		"@HASH@", sheetHash(),
		"@FORMAT@", strconv.Itoa(Format),
	)
	t := template.New("page")
	for _, name := range []string{"frame.tmpl", "month.tmpl", "message.tmpl", "file.tmpl", "list.tmpl"} {
		template.Must(t.Parse(constants.Replace(source(name))))
	}
	return t
})

// sheetHash returns the hash of the stylesheet as a policy names it.
func sheetHash() string {
	sum := sha256.Sum256([]byte(source("sheet.css")))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func source(name string) string {
	b, err := sources.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return strings.TrimRight(string(b), "\n")
}

// A writer appends templates to a page. Each template begins and ends in the
// text of an element, which html/template enforces, so one after the other is
// escaped as one page is.
type writer struct {
	buf *bytes.Buffer
	t   *template.Template
	err error // the first one; later writes do nothing
}

func newWriter(b []byte) *writer {
	return &writer{buf: bytes.NewBuffer(b), t: templates()}
}

func (w *writer) write(name string, data any) {
	if w.err == nil {
		w.err = w.t.ExecuteTemplate(w.buf, name, data)
	}
}

// raw appends what a template, or file markup.go, has made.
func (w *writer) raw(h template.HTML) { w.buf.WriteString(string(h)) }

func (w *writer) end(f Footer, zone string) ([]byte, error) {
	f.Account, f.Source = clean(f.Account), clean(f.Source)
	w.write("bottom", bottom{Footer: f, Zone: zone})
	return w.buf.Bytes(), w.err
}

// A bottom is the data of the template "bottom".
type bottom struct {
	Footer
	Zone string
}
