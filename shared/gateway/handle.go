package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"signpost/shared/secret"
)

// Handler is the handler of a Lambda function behind API Gateway.
type Handler func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// Serve handles one request. An error becomes a problem, see [ProblemOf].
type Serve func(context.Context, Request) (Response, error)

// Option changes a [Handler].
type Option func(*options)

type options struct {
	render    func(Request, Problem, error) (Response, bool)
	originKey secret.String
}

// WithProblemPages makes render turn problems into responses; if it returns false, the
// response is the problem in JSON. The error is the cause, to be distinguished by its
// sentinels: its text is for the log only.
func WithProblemPages(render func(Request, Problem, error) (Response, bool)) Option {
	return func(o *options) { o.render = render }
}

// Handle returns a handler that handles events with serve. It turns errors and panics
// into problems, and logs one line per request: route, status, code, duration,
// cause, and what serve noted. It logs the route key and never the path, which may
// contain a launch code.
func Handle(log *slog.Logger, now func() time.Time, serve Serve, opts ...Option) Handler {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return func(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		started, request := now(), NewRequest(event)
		response, err, code := forbidden, error(nil), ""
		if o.admits(request) {
			response, err = call(ctx, serve, request)
		}
		if err != nil {
			problem := ProblemOf(err)
			code, response = problem.Code, o.respond(request, problem, err)
		}
		logRequest(ctx, log, request, response.Status, now().Sub(started), code, err)
		return response.event(), nil
	}
}

func (o options) respond(request Request, problem Problem, cause error) Response {
	if o.render != nil {
		if response, ok := o.render(request, problem, cause); ok {
			headers := problem.headers()
			maps.Copy(headers, response.Headers)
			response.Headers = headers
			return response
		}
	}
	return problem.Response()
}

// panicked is the error of a panic.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

func call(ctx context.Context, serve Serve, request Request) (response Response, err error) {
	defer func() {
		if value := recover(); value != nil {
			response, err = Response{}, &panicked{value: value, stack: debug.Stack()}
		}
	}()
	return serve(ctx, request)
}

func logRequest(ctx context.Context, log *slog.Logger, request Request, status int, duration time.Duration, code string, err error) {
	attrs := []slog.Attr{
		slog.String("route", request.RouteKey()),
		slog.Int("status", status),
		slog.Float64("duration_ms", float64(duration.Microseconds())/1000),
		slog.String("request_id", request.event.RequestContext.RequestID),
	}
	attrs = append(attrs, *request.notes...)
	level := slog.LevelInfo
	if err != nil {
		attrs = append(attrs, slog.String("code", code), slog.String("cause", err.Error()))
		level = slog.LevelWarn
	}
	if p, ok := err.(*panicked); ok {
		attrs = append(attrs, slog.String("stack", string(p.stack)))
	}
	if status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	log.LogAttrs(ctx, level, "request", attrs...)
}
