// Package webex speaks Webex's side of the wire: it checks the tokens that
// Webex signs, exchanges refresh tokens, and calls the installation and
// feature-configuration APIs. It knows nothing of this product: no table, no
// settings, no answers to anyone.
//
// Facts about Webex carry the tag of the source they were read in: [page] the
// vendor's features page, [java] and [node] Cisco's two SDKs, [editor] Cisco's
// manifest editor, [token] a token that Webex really signed, [ours] a decision
// of this project where no source speaks.
package webex
