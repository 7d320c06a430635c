package lambda

import (
	"errors"
	"io"
	"net/http"
	"strconv"
)

// runtimeAPI serves the Lambda Runtime API, version 2018-06-01. The token in the
// path identifies the process.
func (h *Host) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{token}/2018-06-01/runtime/invocation/next", h.next)
	mux.HandleFunc("POST /{token}/2018-06-01/runtime/invocation/{id}/response", h.response)
	mux.HandleFunc("POST /{token}/2018-06-01/runtime/invocation/{id}/error", h.functionError)
	mux.HandleFunc("POST /{token}/2018-06-01/runtime/init/error", h.initError)
	return mux
}

// next waits for the process's next invocation.
func (h *Host) next(w http.ResponseWriter, r *http.Request) {
	p := h.process(r.PathValue("token"))
	if p == nil {
		http.NotFound(w, r)
		return
	}
	p.asked.Do(func() { close(p.ready) })
	select {
	case inv := <-p.work:
		p.take(inv)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", inv.arn)
		_, _ = w.Write(inv.payload) // a process that has ended is detected elsewhere
	case <-r.Context().Done():
	}
}

func (h *Host) response(w http.ResponseWriter, r *http.Request) {
	body, err := readPayload(w, r)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		failure := failed(Failed, "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes).")
		h.answer(w, r, failure, http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		return // the process ended during its answer
	}
	// A streaming runtime reports a failure after the body.
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		h.answer(w, r, failed(Failed, kind, "the function failed during its response"), http.StatusAccepted)
		return
	}
	h.answer(w, r, Result{Payload: body}, http.StatusAccepted)
}

func (h *Host) functionError(w http.ResponseWriter, r *http.Request) {
	body, err := readPayload(w, r)
	if err != nil {
		body = nil
	}
	h.answer(w, r, Result{Outcome: Failed, Payload: body}, http.StatusAccepted)
}

func (h *Host) initError(w http.ResponseWriter, r *http.Request) {
	p := h.process(r.PathValue("token"))
	if p == nil {
		http.NotFound(w, r)
		return
	}
	if body, err := readPayload(w, r); err == nil {
		p.initFail.Store(&body)
	}
	writeStatus(w, http.StatusAccepted)
}

func (h *Host) answer(w http.ResponseWriter, r *http.Request, result Result, status int) {
	p := h.process(r.PathValue("token"))
	if p == nil || !p.finish(r.PathValue("id"), result) {
		writeStatus(w, http.StatusForbidden)
		return
	}
	writeStatus(w, status)
}

func readPayload(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload+100))
}

func writeStatus(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"status":"`+http.StatusText(status)+`"}`)
}
