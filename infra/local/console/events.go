package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// When something happens, the page is looked at at once, and some times again:
// a function writes its row after it has called Webex, and nobody tells of it.
var looks = []time.Duration{40 * time.Millisecond, 250 * time.Millisecond, time.Second, 3 * time.Second}

// idleLook is how often the page is looked at when nothing happens.
const idleLook = 5 * time.Second

// stream sends the page's updates as server-sent events: "part" with the new
// content of a part, "wire" with exchanges that have begun or ended, "gone" if
// the organization is no more. What has changed since the page was made comes
// first.
func (c *Console) stream(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	mark, _ := strconv.ParseInt(r.URL.Query().Get("mark"), 10, 64) // 0 is the beginning
	s := &stream{console: c, w: w, orgID: r.URL.Query().Get("org"), mark: mark, versions: map[string]string{}}
	for entry := range strings.FieldsSeq(r.URL.Query().Get("versions")) {
		name, version, _ := strings.Cut(entry, ":")
		s.versions[name] = version
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	happened, end := c.options.Wire.watch()
	defer end()
	// A comment makes the browser see that the stream is open.
	if _, err := fmt.Fprint(w, ": open\n\n"); err != nil {
		return
	}
	if err := s.update(ctx); err != nil {
		return
	}
	timer := time.NewTimer(idleLook)
	defer timer.Stop()
	next := len(looks)
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.closed:
			return
		case <-happened:
			if next == 0 {
				continue // it is about to be looked at
			}
			next = 0
		case <-timer.C:
			if err := s.update(ctx); err != nil {
				return
			}
			next = min(next+1, len(looks))
		}
		timer.Reset(pauseBefore(next))
	}
}

func pauseBefore(look int) time.Duration {
	if look < len(looks) {
		return looks[look]
	}
	return idleLook
}

// stream is one page that is open.
type stream struct {
	console  *Console
	w        http.ResponseWriter
	orgID    string
	mark     int64
	versions map[string]string // of the parts, as the page has them
}

// update sends what has changed.
func (s *stream) update(ctx context.Context) error {
	if err := s.sendWire(); err != nil {
		return err
	}
	org, ok := s.console.organization(s.orgID)
	if !ok {
		return s.send("gone", nil)
	}
	for _, p := range parts {
		view, version := p.look(ctx, s.console, org, s.versions[p.name])
		if view == nil {
			continue
		}
		html, err := rendered(p.name, view)
		if err != nil {
			return err
		}
		if err := s.send("part", map[string]string{"name": p.name, "version": version, "html": string(html)}); err != nil {
			return err
		}
		s.versions[p.name] = version
	}
	return http.NewResponseController(s.w).Flush()
}

func (s *stream) sendWire() error {
	exchanges, mark := s.console.options.Wire.Since(s.mark)
	if len(exchanges) == 0 {
		return nil
	}
	s.mark = mark
	type row struct {
		ID   int64  `json:"id"`
		HTML string `json:"html"`
	}
	names, rows := s.console.names(), []row{}
	for i := range exchanges {
		e := exchanges[len(exchanges)-1-i] // oldest first: each goes on top
		html, err := rendered("row", map[string]any{"Exchange": e, "Names": names})
		if err != nil {
			return err
		}
		rows = append(rows, row{e.ID, string(html)})
	}
	return s.send("wire", map[string]any{"mark": mark, "rows": rows})
}

func (s *stream) send(event string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", event, text)
	return err
}
