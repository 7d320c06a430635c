package lambda

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"signpost/shared/loopback"
)

// APIPath is the prefix of all paths of the Lambda API.
const APIPath = "/2015-03-31/functions/"

// maxAsync is Lambda's limit for the event of an asynchronous invocation.
const maxAsync = 1 << 20

// API serves the part of the Lambda API that lists, configures and invokes
// functions, so that the aws command works with --endpoint-url.
func (h *Host) API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+APIPath+"{$}", h.list)
	mux.HandleFunc("GET "+APIPath+"{name}", h.withFunction(func(w http.ResponseWriter, _ *http.Request, f *Function) {
		reply(w, http.StatusOK, map[string]any{"Configuration": f.configuration()})
	}))
	mux.HandleFunc("GET "+APIPath+"{name}/configuration", h.withFunction(func(w http.ResponseWriter, _ *http.Request, f *Function) {
		reply(w, http.StatusOK, f.configuration())
	}))
	mux.HandleFunc("PUT "+APIPath+"{name}/configuration", h.withFunction(configure))
	mux.HandleFunc("POST "+APIPath+"{name}/invocations", h.withFunction(h.invoke))
	return loopback.Only(mux, true) // responses contain every function's secrets
}

// withFunction finds the function that the path names, by name or ARN, with or
// without a version.
func (h *Host) withFunction(handle func(http.ResponseWriter, *http.Request, *Function)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		if _, after, isARN := strings.Cut(name, ":function:"); isARN {
			name = after
		}
		name, _, _ = strings.Cut(name, ":")
		f, err := h.Function(name)
		if err != nil {
			arn := (&Function{config: Config{Name: name}}).ARN()
			refuse(w, http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+arn)
			return
		}
		handle(w, r, f)
	}
}

func (h *Host) invoke(w http.ResponseWriter, r *http.Request, f *Function) {
	kind := r.Header.Get("X-Amz-Invocation-Type")
	limit := int64(MaxPayload)
	if kind == "Event" {
		limit = maxAsync
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", "Request must be smaller than the limit for the Invoke operation")
		return
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if !json.Valid(payload) {
		refuse(w, http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json")
		return
	}
	w.Header().Set("X-Amzn-RequestId", newID())
	switch kind {
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
	case "Event":
		h.InvokeAsync(f, payload)
		w.WriteHeader(http.StatusAccepted)
	case "", "RequestResponse":
		invokeNow(w, r, f, payload)
	default:
		refuse(w, http.StatusBadRequest, "InvalidParameterValueException", "Unknown invocation type")
	}
}

func invokeNow(w http.ResponseWriter, r *http.Request, f *Function, payload []byte) {
	result, err := f.Invoke(r.Context(), payload)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "ServiceException", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	if result.Outcome != OK {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	_, _ = w.Write(result.Payload) // the caller may have disconnected
}

// configurationAnswer is Lambda's FunctionConfiguration.
type configurationAnswer struct {
	FunctionName     string
	FunctionArn      string
	Runtime          string
	Handler          string
	Timeout          int
	MemorySize       int
	Version          string
	State            string
	LastUpdateStatus string
	LastModified     string
	Environment      struct{ Variables map[string]string }
}

func (f *Function) configuration() configurationAnswer {
	f.mu.Lock()
	modified := f.modified
	f.mu.Unlock()
	return configurationAnswer{
		FunctionName: f.config.Name, FunctionArn: f.ARN(),
		Runtime: "provided.al2023", Handler: "bootstrap",
		Timeout: int(f.config.Timeout / time.Second), MemorySize: f.config.MemorySize,
		Version: "$LATEST", State: "Active", LastUpdateStatus: "Successful",
		LastModified: modified.UTC().Format("2006-01-02T15:04:05.000-0700"),
		Environment:  struct{ Variables map[string]string }{f.Environment()},
	}
}

// configure is UpdateFunctionConfiguration, which here can replace the variables
// only.
func configure(w http.ResponseWriter, r *http.Request, f *Function) {
	var change struct {
		Environment *struct{ Variables map[string]string }
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAsync))
	if err == nil {
		err = json.Unmarshal(body, &change)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidParameterValueException", "Could not parse request body into json")
		return
	}
	if change.Environment != nil {
		f.SetEnvironment(change.Environment.Variables)
	}
	reply(w, http.StatusOK, f.configuration())
}

func (h *Host) list(w http.ResponseWriter, _ *http.Request) {
	functions := []configurationAnswer{}
	for _, f := range h.Functions() {
		functions = append(functions, f.configuration())
	}
	reply(w, http.StatusOK, map[string]any{"Functions": functions})
}

// refuse responds with an error in the form of AWS's APIs.
func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("X-Amzn-ErrorType", kind)
	reply(w, status, map[string]string{"Type": "User", "Message": message})
}

func reply(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the caller may have disconnected
}
