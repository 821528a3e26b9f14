"""Writes `rules/`: one hand-designed case for each rule and each known defect.

    python3 rules.py

Every expectation below is written by hand. `check.py` then asks the oracle, so
that a mistake on either side shows. RSA signatures are the same on each run;
files with an ECDSA signature are written only when they are missing. Files in
`rules/` that no case writes any more are removed.
"""

import base64
import json

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature, encode_dss_signature)

from craft import (A, B, HERE, KEY_FILES, LARGE, NOW, P, SMALL, SOON, URL, Cases, canned, custom,
                   policy, safe, sign, signed)

SITE = "https://media.example.com"
ALL = SITE + "/*"
PAGE = SITE + "/v/a.mp4?size=large&license=yes"
OPEN = policy(ALL)


def window():
    rule = Cases("window")
    for kind, good in (("custom", custom()), ("canned", canned())):
        rule.admits(f"{kind}_cookies_admit_inside_their_window",
                    f"A {kind} pass in cookies admits before its expiry.", given=good)
        rule.admits(f"a_{kind}_url_admits_inside_its_window",
                    f"A {kind} pass in the URL admits before its expiry.", url=good.on(URL))
        rule.admits(f"{kind}_in_its_last_second", "The last second before the expiry still counts.",
                    given=good, at=SOON - 1)
        rule.refuses(f"{kind}_expired_this_very_second", "expired",
                     "A pass admits up to, but not including, the second of its expiry (D12).",
                     given=good, at=SOON)
        rule.refuses(f"{kind}_expired_long_ago", "expired", "An expired pass stays expired.",
                     given=good, at=SOON + 86400 * 365)
    started = custom(starts=NOW)
    rule.refuses("the_start_second_itself_is_too_early", "not_yet",
                 "Nothing is admitted on or before DateGreaterThan (D12).", given=started, at=NOW)
    rule.refuses("before_the_start", "not_yet", "A pass for later does not admit now.",
                 given=custom(starts=NOW + 60), at=NOW)
    rule.admits("the_second_after_the_start", "One second after DateGreaterThan the pass admits.",
                given=started, at=NOW + 1)
    rule.refuses("a_pass_with_a_start_expires_too", "expired",
                 "A start does not lift the expiry.", given=started, at=SOON)
    rule.refuses("a_window_turned_around_never_opens", "not_yet",
                 "A start after the expiry leaves no second in which the pass admits.",
                 given=custom(expires=SOON, starts=SOON + 60), at=SOON - 1)
    rule.refuses("a_start_at_the_expiry_never_opens", "not_yet",
                 "A window without a second in it admits nobody.",
                 given=custom(starts=SOON), at=SOON)
    rule.refuses("no_leeway_for_clocks", "not_yet", "A clock two seconds slow is not forgiven (D12).",
                 given=custom(starts=NOW + 2), at=NOW)
    rule.admits("the_largest_epoch", "2^63-1 is a moment like any other (D13).",
                given=custom(expires=2**63 - 1))
    rule.admits("the_largest_epoch_canned", "2^63-1 is a moment like any other (D13).",
                given=canned(expires=2**63 - 1))
    rule.admits("an_expiry_after_2038", "Moments need more than 32 bits.",
                given=custom(expires=2**32 + 1), at=2**32)
    rule.refuses("expiry_one", "expired", "The smallest epoch is 1: well-formed, and long over.",
                 given=custom(expires=1))


def canned_urls():
    rule = Cases("canned")
    rule.refuses("canned_for_another_file", "signature_mismatch",
                 "The policy is rebuilt from the requested URL, so a canned pass fits one URL only.",
                 given=canned(), url=SITE + "/v/b.mp4")
    rule.refuses("canned_cookies_do_not_cover_a_folder", "signature_mismatch",
                 "A canned pass signed over a wildcard fits no file below it.",
                 given=canned(SITE + "/v/*"))
    rule.admits("a_star_in_a_canned_url_is_a_plain_character",
                "A canned pass over a URL with a star admits exactly that URL (D35).",
                given=canned(SITE + "/v/*"), url=SITE + "/v/*")
    rule.admits("the_own_query_is_kept_byte_for_byte",
                "Odd spellings in the viewer's own query are signed and compared as they are.",
                url=canned(SITE + "/s?q=a+b%20c&&x&y=&q=2%2f").on(SITE + "/s?q=a+b%20c&&x&y=&q=2%2f"))
    rule.admits("the_own_query_may_stand_on_both_sides_of_the_pass",
                "What is left of the query is joined with & in its order (D4).",
                url=canned(PAGE).on(SITE + "/v/a.mp4?size=large") + "&license=yes")
    rule.refuses("the_own_query_in_another_order", "signature_mismatch",
                 "Two parameters changed places: other bytes.",
                 url=canned(PAGE).on(SITE + "/v/a.mp4?license=yes&size=large"))
    rule.refuses("a_parameter_added_afterwards", "signature_mismatch",
                 "A parameter added after signing changes the URL.",
                 url=canned().on(URL) + "&download=1")
    rule.refuses("a_parameter_taken_away", "signature_mismatch",
                 "A parameter left out after signing changes the URL.", url=canned(PAGE).on(URL))
    rule.refuses("a_parameter_added_beside_cookies", "signature_mismatch",
                 "Canned cookies cover the URL with its query.", given=canned(), url=URL + "?x=1")
    rule.admits("no_question_mark_if_nothing_is_left",
                "Without own parameters the rebuilt URL has no question mark (D4).",
                url=canned(URL).on(URL))
    rule.refuses("percent_escape_in_other_letters", "signature_mismatch",
                 "%c3 and %C3 are different bytes.",
                 given=canned(SITE + "/caf%C3%A9"), url=SITE + "/caf%c3%a9")
    rule.refuses("signed_decoded_asked_encoded", "signature_mismatch",
                 "The URL is signed as it goes over the wire: a space is %20.",
                 given=canned(SITE + "/my file"), url=SITE + "/my%20file")
    rule.refuses("https_pass_asked_over_http", "signature_mismatch",
                 "The viewer's scheme is part of the URL.", given=canned(),
                 url=URL.replace("https", "http"))
    rule.refuses("http_pass_asked_over_https", "signature_mismatch",
                 "The viewer's scheme is part of the URL.", given=canned(URL.replace("https", "http")))
    rule.admits("http_pass_asked_over_http", "Plain HTTP can be signed for.",
                given=canned(URL.replace("https", "http")), url=URL.replace("https", "http"))
    rule.admits("host_in_capitals_is_tried_in_small_letters",
                "If the host as sent does not fit, its lower-case form is tried (D4).",
                given=canned(), url="https://MEDIA.Example.com/v/a.mp4")
    rule.admits("host_signed_and_sent_in_capitals", "The host as sent is tried first (D4).",
                given=canned("https://MEDIA.example.com/a"), url="https://MEDIA.example.com/a")
    rule.refuses("host_signed_in_capitals_sent_small", "signature_mismatch",
                 "Only as sent and lower-cased are tried (D4).",
                 given=canned("https://MEDIA.example.com/a"), url="https://media.example.com/a")
    rule.refuses("another_host", "signature_mismatch", "The host is part of the URL.",
                 given=canned(), url="https://media.example.org/v/a.mp4")
    rule.admits("scheme_in_capitals", "The scheme is rebuilt in lower case (D4).",
                given=canned(), url=URL.replace("https", "HTTPS"))
    rule.admits("default_port_of_https_is_dropped", "Port 443 of https is not part of the URL (D4).",
                given=canned(), url="https://media.example.com:443/v/a.mp4")
    rule.admits("default_port_of_http_is_dropped", "Port 80 of http is not part of the URL (D4).",
                given=canned("http://media.example.com/a"), url="http://media.example.com:80/a")
    rule.refuses("a_signed_default_port_fits_nothing", "signature_mismatch",
                 "The edge drops the default port before it rebuilds the policy (D4).",
                 given=canned("https://media.example.com:443/a"), url="https://media.example.com:443/a")
    rule.admits("another_port_is_kept", "A port that is not the default is part of the URL (D4).",
                given=canned("https://media.example.com:8443/a"),
                url="https://media.example.com:8443/a")
    rule.refuses("another_port_was_not_signed", "signature_mismatch",
                 "A port that is not the default is part of the URL (D4).",
                 given=canned(), url="https://media.example.com:8443/v/a.mp4")
    rule.refuses("port_443_over_http_is_not_the_default", "signature_mismatch",
                 "Each scheme has its own default port.",
                 given=canned("http://media.example.com/a"), url="http://media.example.com:443/a")
    rule.refuses("a_trailing_slash_matters", "signature_mismatch", "/v and /v/ are two URLs.",
                 given=canned(SITE + "/v/"), url=SITE + "/v")
    rule.admits("the_root", "The root URL can be signed for.", given=canned(SITE + "/"), url=SITE + "/")
    rule.admits("a_fragment_is_never_sent", "What follows # does not reach the judge.",
                given=canned(), url=URL + "#t=10")
    rule.refuses("a_signed_fragment_fits_nothing", "signature_mismatch",
                 "The judge never sees the fragment that was signed.",
                 given=canned(URL + "#t=10"), url=URL + "#t=10")
    rule.refuses("the_pass_in_the_fragment", "no_pass",
                 "A signer that appends behind # sends no pass.",
                 url=canned(URL + "#t=10").on(URL + "#t=10"))
    rule.admits("a_quote_signed_as_it_stands", "A quote in the URL is first tried as it stands (D4).",
                given=canned(SITE + '/a"b'), url=SITE + '/a"b')
    quoted = signed('{"Statement":[{"Resource":"%s/a\\"b\\\\c","Condition":{"DateLessThan":'
                    '{"AWS:EpochTime":%d}}}]}' % (SITE, SOON)).but(policy=None, expires=str(SOON))
    rule.admits("a_quote_signed_as_json", "Then with the escapes of a JSON writer (D4).",
                given=quoted, url=SITE + '/a"b\\c')
    injection = SITE + '/file","Resource":"*","x":"'
    rule.refuses("an_injected_resource_opens_no_other_file", "signature_mismatch",
                 "A quote in a canned URL adds no Resource to the policy.",
                 given=canned(injection), url=SITE + "/other")
    rule.refuses("an_injected_resource_is_no_policy", "policy_malformed",
                 "The same bytes as a custom policy have a member twice (D15).",
                 given=signed(canned_text(injection)), url=SITE + "/other")
    for name, text, why in (
            ("with_a_leading_zero", f"0{SOON}", "Leading zeros would make other JSON (D24)."),
            ("with_a_plus_sign", f"+{SOON}", "Digits only (D24)."),
            ("negative", "-1", "Digits only (D24)."),
            ("zero", "0", "The first digit is not 0 (D24)."),
            ("with_a_fraction", f"{SOON}.0", "Digits only (D24)."),
            ("in_letters", "tomorrow", "Digits only (D24)."),
            ("of_twenty_digits", "1" * 20, "At most 19 digits (D24)."),
            ("of_two_to_the_63", str(2**63), "Beyond 2^63-1 (D13)."),
            ("in_milliseconds", str(SOON * 1000), "It looks like milliseconds (D13)."),
            ("in_quotes", f'"{SOON}"', "Cookie values are not unquoted (D23, D24).")):
        rule.refuses(f"expires_{name}", "policy_malformed", why, given=canned(expires=text))
    rule.refuses("expires_changed_afterwards", "signature_mismatch",
                 "The expiry is part of what was signed.",
                 given=canned().but(expires=str(SOON + 1)))
    rule.refuses("expires_changed_afterwards_when_already_over", "signature_mismatch",
                 "The signature is judged before the window.", at=SOON + 60,
                 given=canned().but(expires=str(SOON + 1)))
    rule.admits("canned_bytes_replayed_as_a_custom_policy",
                "The canned policy is itself a valid custom policy (D35).", given=signed(canned_text(URL)))
    rule.admits("a_canned_star_replayed_as_a_wildcard",
                "Replayed as a custom policy, a star in a signed URL is a wildcard (D35).",
                given=signed(canned_text(SITE + "/s?q=*")), url=SITE + "/s?q=anything")


def canned_text(url):
    return base64.b64decode(
        signed('{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}'
               % (url, SOON)).policy.translate(str.maketrans("-_~", "+=/")))


def resource():
    rule = Cases("resource")
    yes, no = True, False
    table = [
        ("a_star_stands_for_any_run", "https://e.com/hello*world", "https://e.com/hello-world", yes),
        ("a_star_may_stand_for_nothing", "https://e.com/hello*world", "https://e.com/helloworld", yes),
        ("a_star_stays_in_its_section", "https://e.com/hello*world", "https://e.com/hello?world", no),
        ("a_trailing_star_covers_folders_and_query", "http://e.com/hello*",
         "http://e.com/hello/x?y=1", yes),
        ("a_trailing_star_in_the_domain_covers_all", "http://e.com*", "http://e.com/a/b?c", yes),
        ("a_leading_star_needs_no_scheme", "*e.com", "https://www.e.com/", yes),
        ("a_domain_alone_covers_the_root_only", "*e.com", "https://www.e.com/a", no),
        ("a_domain_alone_covers_no_query", "https://e.com", "https://e.com/?a", no),
        ("a_domain_alone_covers_the_root", "https://e.com", "https://e.com/", yes),
        ("https_star_does_not_cover_http", "https://*", "http://e.com/a", no),
        ("https_star_covers_all_https", "https://*", "https://e.com/a?b", yes),
        ("stars_on_both_sides", "https://d.net/*g.zip*", "https://d.net/ex_g.zip?license=yes", yes),
        ("a_query_in_the_form_of_2026", "https://d.net/h.jpg?size=large&license=yes",
         "https://d.net/h.jpg?size=large&license=yes", yes),
        ("a_query_in_the_form_of_2023", "https://d.net/h.jpg\\?size=large&license=yes",
         "https://d.net/h.jpg?size=large&license=yes", yes),
        ("a_query_that_was_not_allowed", "https://d.net/h.jpg", "https://d.net/h.jpg?size=large", no),
        ("a_query_that_is_missing", "https://d.net/h.jpg?size=large", "https://d.net/h.jpg", no),
        ("a_trailing_slash_matters", "https://d.net/a/", "https://d.net/a", no),
        ("a_trailing_slash_too_many", "https://d.net/a", "https://d.net/a/", no),
        ("the_path_is_case_sensitive", "https://d.net/A*", "https://d.net/a1", no),
        ("the_query_is_case_sensitive", "https://d.net/a?X=1", "https://d.net/a?x=1", no),
        ("http_star_covers_http", "http*://d.net/v/*", "http://d.net/v/x", yes),
        ("http_star_covers_https", "http*://d.net/v/*", "https://d.net/v/x", yes),
        ("a_star_for_the_scheme", "*://d.net/v/*", "http://d.net/v/x", yes),
        ("one_wildcard_and_one_query", "https://d.net/im?ge.jpg?s=l*",
         "https://d.net/image.jpg?s=large", yes),
        ("a_question_mark_needs_a_character", "https://d.net/hello?", "https://d.net/hello", no),
        ("a_question_mark_is_one_character", "https://d.net/hello?", "https://d.net/hellox", yes),
        ("a_question_mark_is_not_two_characters", "https://d.net/hello?", "https://d.net/helloxy", no),
        ("an_escaped_query_star_covers_no_query", "https://d.net/hello\\?*", "https://d.net/hello", yes),
        ("an_escaped_question_mark_is_no_wildcard", "https://d.net/hello\\?x", "https://d.net/hello_x", no),
        ("the_host_is_case_insensitive", "https://D.net/a", "https://d.NET/a", yes),
        ("the_scheme_is_case_insensitive", "HTTPS://d.net/a", "https://d.net/a", yes),
        ("a_star_alone_covers_all", "*", "http://anything.example/x/y?z", yes),
        ("no_scheme_and_no_star_covers_nothing", "d.net/a", "https://d.net/a", no),
        ("a_path_alone_covers_nothing", "/a*", "https://d.net/a", no),
        ("an_empty_resource_covers_nothing", "", "https://d.net/a", no),
        ("a_star_in_the_domain_stays_there", "https://*.d.net/a", "https://evil.example/x.d.net/a", no),
        ("a_subdomain_by_wildcard", "https://*.d.net/a", "https://w.d.net/a", yes),
        ("a_wildcard_subdomain_needs_its_dot", "https://*.d.net/a", "https://d.net/a", no),
        ("a_trailing_star_in_the_domain_reaches_other_domains", "https://d.net*",
         "https://d.net.example/a", yes),
        ("a_folder_does_not_cover_what_dots_lead_to", "https://d.net/v/*", "https://d.net/v/../secret", no),
        ("another_host", "https://d.net/*", "https://e.net/a", no),
        ("a_port_must_be_named", "https://d.net/*", "https://d.net:8443/a", no),
        ("a_port_that_is_named", "https://d.net:8443/*", "https://d.net:8443/a", yes),
        ("the_default_port_is_dropped_from_the_request", "https://d.net/*", "https://d.net:443/a", yes),
        ("percent_escapes_are_compared_raw", "https://d.net/a%20b", "https://d.net/a b", no),
        ("percent_escapes_in_other_letters", "https://d.net/%c3", "https://d.net/%C3", no),
        ("a_folder_does_not_cover_its_neighbour", "https://d.net/v/*", "https://d.net/vault/x", no),
        ("a_star_in_the_query_stays_there", "https://d.net/a?x=*", "https://d.net/b?x=1", no),
        ("a_star_in_the_query", "https://d.net/a?x=*", "https://d.net/a?x=1&y=/2?3", yes),
        ("a_file_is_not_a_prefix", "https://d.net/a", "https://d.net/a.zip", no),
    ]
    for name, pattern, url, covered in table:
        about = f"Resource {pattern} {'covers' if covered else 'does not cover'} {url}."
        if covered:
            rule.admits(name, about, given=custom(pattern), url=url)
        else:
            rule.refuses(name, "resource_not_covered", about, given=custom(pattern), url=url)
    rule.admits("a_resource_left_out_covers_all",
                "Without Resource a policy covers every URL that trusts the key (D7).",
                given=custom(None), url="http://anything.example/x?y")
    rule.admits("the_own_parameters_of_a_signed_url_are_matched",
                "The reserved parameters are taken away before the resource is compared.",
                url=custom(SITE + "/v/*?size=large").on(SITE + "/v/a.mp4?size=large"))
    rule.refuses("own_parameters_beside_the_pass_count", "resource_not_covered",
                 "An added parameter is not covered by a resource without query.",
                 url=custom(URL).on(URL + "?x=1"))
    rule.admits("an_array_with_one_that_fits", "Several resources: one of them is enough.",
                given=custom([SITE + "/x/*", SITE + "/v/*"]))
    rule.refuses("an_array_with_none_that_fits", "resource_not_covered",
                 "Several resources, and none of them covers the request.",
                 given=custom([SITE + "/x/*", SITE + "/y/*"]))
    rule.refuses("an_array_is_not_cloudfront", "policy_malformed",
                 "CloudFront allows one resource only.", given=custom([URL]), reading="strict")


def path():
    rule = Cases("path")
    folder = custom(SITE + "/public/*")
    rule.refuses("dot_segments_do_not_climb_out", "resource_not_covered",
                 "With dot segments, the normalised URL must be covered too (D22).",
                 given=folder, url=SITE + "/public/../private/x")
    rule.refuses("dot_segments_do_not_climb_in_from_outside", "resource_not_covered",
                 "The raw URL must be covered as well as the normalised one (D22).",
                 given=folder, url=SITE + "/private/../public/x")
    rule.refuses("dot_segments_at_the_end", "resource_not_covered",
                 "A path that ends in /.. is a dot segment too (D22).",
                 given=folder, url=SITE + "/public/..")
    rule.admits("dot_segments_inside_the_folder", "Both forms are covered by one resource (D22).",
                given=folder, url=SITE + "/public/a/../b/./c")
    rule.admits("dots_in_names_are_no_segments", "Names may begin with dots.",
                given=folder, url=SITE + "/public/..a/.b/...")
    rule.admits("dot_segments_in_the_query_are_plain", "The rule is about the path only.",
                given=custom(SITE + "/public/*?*"), url=SITE + "/public/x?f=/../../private")
    rule.refuses("canned_over_dot_segments", "resource_not_covered",
                 "A canned pass covers the raw URL only, so never one with dot segments (D22).",
                 given=canned(SITE + "/a/../b"), url=SITE + "/a/../b")
    rule.refuses("literal_over_dot_segments", "resource_not_covered",
                 "A resource equal to a URL with dot segments does not cover the normalised one (D22).",
                 given=custom(SITE + "/a/../b"), url=SITE + "/a/../b")
    rule.admits("a_star_covers_dot_segments", "A resource for everything covers both forms (D22).",
                given=custom("*"), url=SITE + "/a/../b")
    rule.admits("canned_over_double_slashes", "An exact URL with // is enough (D22).",
                given=canned(SITE + "/a//b"), url=SITE + "/a//b")
    rule.admits("literal_over_double_slashes", "An exact URL with // is enough (D22).",
                given=custom(SITE + "/a//b"), url=SITE + "/a//b")
    rule.refuses("a_wildcard_over_double_slashes_must_cover_both", "resource_not_covered",
                 "With //, a wildcard must cover the form with one slash too (D22).",
                 given=custom(SITE + "//v/*"), url=SITE + "//v/a")
    rule.admits("a_wildcard_that_covers_both_forms", "With //, both forms are covered (D22).",
                given=folder, url=SITE + "/public//a")
    rule.refuses("double_slashes_do_not_hide_a_folder", "resource_not_covered",
                 "//private is /private to most origins.",
                 given=custom(SITE + "//*"), url=SITE + "//private/x")
    rule.admits("encoded_dots_are_plain_bytes_here",
                "Encoded dot segments are refused by the edge with 400, not by this judge.",
                given=folder, url=SITE + "/public/%2e%2e/private/x")
    rule.admits("an_encoded_slash_is_plain_here",
                "Encoded slashes are refused by the edge with 400, not by this judge.",
                given=folder, url=SITE + "/public/..%2Fprivate")
    rule.admits("a_backslash_is_plain_here",
                "Raw backslashes are refused by the edge with 400, not by this judge.",
                given=folder, url=SITE + "/public/..\\private")


def policies():
    rule = Cases("policy")
    good = policy(ALL)

    def bad(name, text, about, **more):
        rule.refuses(name, "policy_malformed", about, given=signed(text), **more)

    def ok(name, text, about, **more):
        rule.admits(name, about, given=signed(text), **more)

    until = '"DateLessThan":{"AWS:EpochTime":%d}' % SOON
    resource_ = '"Resource":"%s"' % ALL

    def around(condition, statement=resource_, top=""):
        return '{"Statement":[{%s,"Condition":{%s}}]%s}' % (statement, condition, top)

    ok("members_in_another_order", '{"Statement":[{"Condition":{%s},%s}]}' % (until, resource_),
       "The order of members is free.")
    ok("white_space_inside", json.dumps(json.loads(good), indent=2).replace("\n", "\r\n"),
       "White space inside a policy is harmless: the signature covers it (D18).")
    ok("white_space_around", " \t\r\n" + good + "\r\n\n ", "White space around a policy is allowed (D15).")
    ok("escaped_slashes", good.replace("/", "\\/"), "PHP writes \\/ for a slash.")
    ok("escaped_ampersand", policy(PAGE).replace("&", "\\u0026"), "Go writes \\u0026 for an ampersand.",
       url=PAGE)
    ok("escaped_star_is_a_wildcard", good.replace("*", "\\u002a"), "Escapes are undone before matching.")
    ok("escaped_member_name", good.replace("Resource", "\\u0052esource"), "Names may be escaped, too.")
    ok("an_unknown_member_at_the_top", good[:-1] + ',"Version":"2012-10-17","Id":[1.5,null,true]}',
       "Unknown members beside Statement are ignored (D15).")
    ok("unknown_members_before_statement", '{"Version":"2012-10-17",' + good[1:],
       "Unknown members beside Statement are ignored (D15).")
    ok("nested_eight_deep", good[:-1] + ',"x":' + "[" * 7 + "]" * 7 + "}",
       "Eight levels are allowed (D15).")
    ok("exactly_8192_bytes", good + " " * (8192 - len(good)), "8,192 bytes are allowed (D15).")
    ok("non_ascii_resource", policy(SITE + "/caf\u00e9/*")[:-2] + "]}", "UTF-8 in a resource is text.",
       url=SITE + "/caf\u00e9/x")
    bad("nested_nine_deep", good[:-1] + ',"x":' + "[" * 8 + "]" * 8 + "}",
        "Nine levels are too deep, even in a member that is ignored (D15).")
    bad("nested_a_thousand_deep", good[:-1] + ',"x":' + "[" * 1000 + "]" * 1000 + "}",
        "Depth is no way to crash the judge (D15).")
    bad("more_than_8192_bytes", good + " " * (8193 - len(good)), "8,193 bytes are too many (D15).")
    bad("a_byte_order_mark", "\ufeff" + good, "A byte order mark is not JSON (D15).")
    bad("trailing_bytes", good + "x", "Nothing may follow the policy (D15).")
    bad("a_second_value", good + good, "One policy, not two (D15).")
    bad("a_trailing_nul", good + "\0", "A zero byte is not white space (D15).")
    bad("invalid_utf8", good.encode().replace(b"media", b"medi\xff"), "A policy is UTF-8.")
    bad("a_lone_surrogate", policy(SITE + "/*")[:-2].replace("/*", "/\\ud83d*") + "]}",
        "A lone surrogate is no text.")
    bad("not_json", "hello", "Text that is not JSON.")
    bad("cut_short", good[:-3], "JSON that ends too early.")
    bad("single_quotes", good.replace('"', "'"), "JSON has double quotes.")
    bad("a_trailing_comma", good[:-1] + ",}", "JSON has no trailing commas.")
    bad("a_comment", good[:-1] + "/* */}", "JSON has no comments.")
    bad("white_space_only", " ", "White space is no policy.")
    bad("an_empty_object", "{}", "A policy has a Statement.")
    bad("an_array", "[%s]" % good, "A policy is an object.")
    bad("a_string", '"%s"' % ALL, "A policy is an object.")
    bad("null", "null", "A policy is an object.")
    rule.refuses("the_word_undefined", "policy_malformed",
                 "A broken script sends `undefined` for the policy.",
                 given=signed(good).but(policy="undefined"))
    bad("member_names_in_small_letters", good.replace("Statement", "statement"), "Names are exact.")
    bad("condition_in_small_letters", good.replace("Condition", "condition"), "Names are exact.")
    bad("epochtime_without_prefix", good.replace("AWS:EpochTime", "EpochTime"), "Names are exact.")
    bad("statement_as_object", good.replace("[", "").replace("]", ""), "Statement is an array (D16).")
    bad("statement_empty", '{"Statement":[]}', "Statement has at least one element.")
    bad("statement_null", '{"Statement":null}', "Statement is an array.")
    bad("statement_of_strings", '{"Statement":["%s"]}' % ALL, "A statement is an object.")
    bad("statement_missing_beside_unknown_members", '{"Version":"2012-10-17"}', "A policy has a Statement.")
    bad("resource_null", around(until, '"Resource":null'), "Resource is text, or left out.")
    bad("resource_a_number", around(until, '"Resource":1'), "Resource is text.")
    bad("resource_a_fraction", around(until, '"Resource":1.5'), "Resource is text.")
    bad("resource_an_object", around(until, '"Resource":{"Url":"*"}'), "Resource is text.")
    bad("resource_an_empty_array", around(until, '"Resource":[]'),
        "An empty list of resources is no policy.")
    bad("resource_an_array_with_a_number", around(until, '"Resource":["*",1]'), "Resources are text.")
    bad("condition_missing", '{"Statement":[{%s}]}' % resource_, "Without Condition there is no expiry.")
    bad("condition_empty", around(""), "DateLessThan is required.")
    bad("condition_null", '{"Statement":[{%s,"Condition":null}]}' % resource_, "Condition is an object.")
    bad("expiry_missing_beside_an_address", around('"IpAddress":{"AWS:SourceIp":"0.0.0.0/0"}'),
        "DateLessThan is required.")
    bad("expiry_missing_beside_a_start", around('"DateGreaterThan":{"AWS:EpochTime":1}'),
        "DateLessThan is required.")
    bad("expiry_empty", around('"DateLessThan":{}'), "DateLessThan holds an epoch.")
    bad("expiry_a_bare_number", around('"DateLessThan":%d' % SOON), "DateLessThan holds an object.")
    bad("start_null", around(until + ',"DateGreaterThan":null'), "A start is an object, or left out.")
    bad("start_empty", around(until + ',"DateGreaterThan":{}'), "DateGreaterThan holds an epoch.")
    for name, text, why in (
            ("a_string", f'"{SOON}"', "Epochs are never quoted (D13)."),
            ("a_float", f"{SOON}.0", "No fraction, not even .0 (D13)."),
            ("a_fraction", f"{SOON}.5", "No fraction (D13)."),
            ("an_exponent", "2e9", "No exponent (D13)."),
            ("negative", "-1", "No sign (D13)."),
            ("negative_zero", "-0", "No sign, and not zero (D13)."),
            ("zero", "0", "The smallest epoch is 1 (D13)."),
            ("two_to_the_63", str(2**63), "Beyond 2^63-1 (D13)."),
            ("a_hundred_digits", "9" * 100, "Beyond 2^63-1 (D13)."),
            ("milliseconds", str(SOON * 1000), "It looks like milliseconds (D13)."),
            ("the_least_milliseconds", str(10**12), "From 10^12 on, it looks like milliseconds (D13)."),
            ("with_a_leading_zero", f"0{SOON}", "Not JSON."),
            ("with_a_plus", f"+{SOON}", "Not JSON."),
            ("hexadecimal", hex(SOON), "Not JSON."),
            ("null", "null", "Epochs are numbers (D13)."),
            ("true", "true", "Epochs are numbers (D13)."),
            ("an_array", f"[{SOON}]", "One epoch (D13)."),
            ("not_a_number", "NaN", "Not JSON."),
            ("infinity", "Infinity", "Not JSON.")):
        bad(f"epoch_{name}", around('"DateLessThan":{"AWS:EpochTime":%s}' % text), why)
    ok("epoch_just_below_milliseconds", policy(ALL, 10**12 - 1), "10^12-1 is a date far ahead (D13).")
    ok("epoch_above_milliseconds", policy(ALL, 10**14 + 1), "Above 10^14 it is taken at its word (D13).")
    bad("start_zero", around(until + ',"DateGreaterThan":{"AWS:EpochTime":0}'),
        "A start is an epoch, and the smallest is 1 (D13).")
    bad("start_as_string", around(until + ',"DateGreaterThan":{"AWS:EpochTime":"1"}'),
        "Epochs are never quoted (D13).")
    for name, text in (
            ("at_the_top", '{"Statement":[{%s,"Condition":{%s}}],"Statement":[{%s,"Condition":{%s}}]}'
             % (resource_, until, resource_, until)),
            ("unknown_at_the_top", good[:-1] + ',"Id":1,"Id":1}'),
            ("inside_an_ignored_member", good[:-1] + ',"x":{"y":1,"y":1}}'),
            ("resource", around(until, resource_ + "," + resource_)),
            ("resource_spelled_with_an_escape", around(until, resource_ + "," + resource_.replace("R", "\\u0052", 1))),
            ("condition", '{"Statement":[{%s,"Condition":{%s},"Condition":{%s}}]}' % (resource_, until, until)),
            ("datelessthan", around(until + "," + until)),
            ("epochtime", around('"DateLessThan":{"AWS:EpochTime":1,"AWS:EpochTime":%d}' % SOON)),
            ("ipaddress", around(until + ',"IpAddress":{"AWS:SourceIp":"192.0.2.7"}' * 2)),
            ("sourceip", around(until + ',"IpAddress":{"AWS:SourceIp":"10.0.0.0/8","AWS:SourceIp":"0.0.0.0/0"}'))):
        bad(f"member_twice_{name}", text, "A member twice is refused at every level (D15).")
    bad("unknown_member_in_statement", around(until, '"Effect":"Allow",' + resource_),
        "An ignored restriction would widen access (D15).")
    bad("unknown_member_in_condition", around(until + ',"StringEquals":{"aws:Referer":"x"}'),
        "An ignored restriction would widen access (D15).")
    bad("unknown_member_in_datelessthan",
        around('"DateLessThan":{"AWS:EpochTime":%d,"x":1}' % SOON), "An epoch, and nothing else (D15).")
    bad("unknown_member_in_ipaddress",
        around(until + ',"IpAddress":{"AWS:SourceIp":"0.0.0.0/0","x":1}'), "An address, and nothing else (D15).")
    rule.refuses("malformed_and_forged", "policy_malformed",
                 "A policy is read before its signature is checked (section 7.5).",
                 given=signed("{}").but(signature=signed(good).signature))
    rule.refuses("re_serialised", "signature_mismatch",
                 "The bytes as received are what is signed, not what they mean (D18).",
                 given=signed(good).but(policy=safe(good.replace(":[", ": [").encode())))

    def statement(resource=ALL, expires=SOON, **more):
        return json.loads(policy(resource, expires, **more))["Statement"][0]

    def several(*statements):
        return json.dumps({"Statement": statements})

    two = several(statement(SITE + "/x/*"), statement(SITE + "/v/*"))
    ok("two_statements_the_second_fits", two, "Any one statement is enough.")
    bad("two_statements_are_not_cloudfront", two, "CloudFront allows one statement.", reading="strict")
    bad("two_equal_statements_are_not_cloudfront", several(statement(), statement()),
        "CloudFront allows one statement.", reading="strict")
    ok("two_statements_the_first_is_over", several(statement(expires=NOW), statement()),
       "Each statement has its own window.")
    rule.refuses("two_statements_both_over", "expired", "No statement is open any more.",
                 given=signed(two), at=SOON)
    rule.refuses("two_statements_neither_fits", "resource_not_covered",
                 "No statement covers the request.",
                 given=signed(several(statement(SITE + "/x/*"), statement(SITE + "/y/*"))))
    rule.refuses("conditions_of_two_statements_do_not_mix", "address_not_allowed",
                 "One statement has the resource, the other the address. The answer is of the one that got furthest.",
                 given=signed(several(statement(SITE + "/x/*", ip="192.0.2.7"),
                                      statement(SITE + "/v/*", ip="198.51.100.7"))))
    bad("two_statements_one_malformed", several(statement(), {"Resource": ALL}),
        "One malformed statement spoils the policy.")


def text_forms():
    rule = Cases("base64")
    good = signed(OPEN)
    standard = str.maketrans("-_~", "+=/")
    need(good.signature, "-", "~", "_")
    rule.refuses("standard_base64_signature_in_a_cookie", "signature_undecodable",
                 "The letters + / = are not CloudFront's (D17).",
                 given=good.but(signature=good.signature.translate(standard)))
    rule.refuses("standard_padding_alone", "signature_undecodable",
                 "Even = alone is refused (D17).", given=good.but(signature=good.signature.replace("_", "=")))
    rule.refuses("standard_padding_in_the_policy", "policy_malformed", "Even = alone is refused (D17).",
                 given=padded().but(policy=padded().policy.replace("_", "=")))
    rule.refuses("base64url_signature", "signature_undecodable",
                 "base64url uses _ for a digit; here it is padding (D17).",
                 given=good.but(signature=good.signature.replace("_", "").replace("~", "_")))
    rule.refuses("base64url_policy", "policy_malformed",
                 "base64url uses _ for a digit; here it is padding (D17).", given=url_safe_policy())
    rule.admits("padding_left_out", "Padding may be missing (D17).",
                given=padded().but(policy=padded().policy.rstrip("_"),
                                   signature=padded().signature.rstrip("_")))
    rule.refuses("too_much_padding", "signature_undecodable", "Padding is right, or missing.",
                 given=good.but(signature=good.signature + "_"))
    rule.refuses("padding_in_the_middle", "signature_undecodable", "Nothing follows padding.",
                 given=good.but(signature=good.signature[:4] + "_" + good.signature[4:]))
    rule.refuses("one_character_too_few", "signature_undecodable",
                 "A last group of one character holds no byte.",
                 given=good.but(signature=good.signature.rstrip("_")[:-1][:341]))
    rule.refuses("white_space_in_the_signature", "signature_undecodable", "No white space (D17).",
                 given=good.but(signature=good.signature[:76] + " " + good.signature[76:]))
    rule.refuses("not_ascii", "signature_undecodable", "Only the 65 characters (D17).",
                 given=good.but(signature=good.signature[:-3] + "\u00e9__"))
    rule.refuses("bits_left_over", "signature_undecodable",
                 "The unused bits of the last character are zero; else one signature had many spellings.",
                 given=good.but(signature=other_last_bits(good.signature)))
    for name, char, escape in (("tilde", "~", "%7E"), ("underscore", "_", "%5F"), ("hyphen", "-", "%2D"),
                               ("tilde_in_small_letters", "~", "%7e")):
        escaped = good.but(signature=good.signature.replace(char, escape))
        rule.admits(f"percent_encoded_{name}_in_a_url", f"{escape} is undone in a URL (D17).",
                    url=escaped.on(URL))
        rule.refuses(f"percent_encoded_{name}_in_a_cookie", "signature_undecodable",
                     "Cookie values are not percent-decoded (D17, D23).", given=escaped)
    rule.refuses("percent_encoded_twice", "signature_undecodable", "Escapes are undone once (D17).",
                 url=good.but(signature=good.signature.replace("~", "%257E")).on(URL))
    rule.refuses("percent_encoded_standard_base64", "signature_undecodable",
                 "%2B is +, and + is refused (D17).",
                 url=good.but(signature=good.signature.replace("-", "%2B")).on(URL))
    rule.refuses("percent_encoded_padding", "policy_malformed", "%3D is =, and = is refused (D17).",
                 url=padded().but(policy=padded().policy.replace("_", "%3D")).on(URL))
    rule.admits("percent_encoded_policy_in_a_url", "The policy may be escaped like the signature (D17).",
                url=padded().but(policy=padded().policy.replace("_", "%5F")).on(URL))
    rule.refuses("signature_missing", "signature_missing", "A pass has a signature.",
                 given=good.but(signature=None))
    rule.refuses("signature_empty", "signature_missing", "An empty signature is none.",
                 given=good.but(signature=""))
    rule.refuses("signature_empty_in_a_url", "signature_missing", "An empty signature is none.",
                 url=good.but(signature="").on(URL))
    rule.refuses("signature_only_padding", "signature_undecodable", "Padding alone is no base64.",
                 given=good.but(signature="__"))
    rule.refuses("signature_too_short", "signature_mismatch",
                 "Decodable, but not a signature: refused as a mismatch (D32).",
                 given=good.but(signature="yXrSIgyQoeE4FBI4eMKF6ho~CA8_"))
    rule.refuses("signature_one_bit_off", "signature_mismatch", "One bit is enough.",
                 given=good.but(signature=flip(good.signature)))
    rule.refuses("policy_and_signature_of_two_passes", "signature_mismatch",
                 "A signature belongs to its policy.", given=good.but(policy=custom().policy))


def need(text, *chars):
    if not all(char in text for char in chars):
        raise ValueError(f"the signature has none of {chars}; change the policy")


def padded():
    """A pass whose policy ends in padding."""
    text = OPEN
    while len(text) % 3 == 0:
        text += " "
    return signed(text)


def url_safe_policy():
    """A policy whose base64url has an underscore inside."""
    for extra in range(1, 99):
        made = signed(policy(SITE + "/*" + "?" * extra))
        if "~" in made.policy.rstrip("_"):
            return made.but(policy=made.policy.rstrip("_").replace("~", "_"))
    raise ValueError("no policy found")


def other_last_bits(text):
    body = text.rstrip("_")
    return body[:-1] + chr(ord(body[-1]) + 1) + "_" * (len(text) - len(body))


def flip(text):
    return text[:10] + ("A" if text[10] != "A" else "B") + text[11:]


def hash_markers():
    rule = Cases("hash")
    for kind, make in (("custom", custom), ("canned", canned)):
        rule.admits(f"{kind}_sha256_marked", "SHA-256 with its marker.", given=make(hash="SHA256"))
        rule.refuses(f"{kind}_sha256_unmarked", "signature_mismatch",
                     "SHA-256 without its marker is taken for SHA-1.",
                     given=make(hash="SHA256", mark=None))
        rule.admits(f"{kind}_sha256_marked_in_a_url", "SHA-256 with its marker.",
                    url=make(hash="SHA256").on(URL))
    rule.refuses("sha256_unmarked_in_a_url", "signature_mismatch",
                 "SHA-256 without its marker is taken for SHA-1.",
                 url=custom(hash="SHA256", mark=None).on(URL))
    rule.admits("sha1_stated", "Some signers state SHA1.", given=custom(mark="SHA1"))
    rule.admits("empty_is_absent", "An empty marker is none, hence SHA-1 (D19).", given=custom(mark=""))
    rule.admits("empty_is_absent_in_a_url", "An empty marker is none, hence SHA-1 (D19).",
                url=custom(mark="").on(URL))
    rule.refuses("empty_is_not_sha256", "signature_mismatch", "An empty marker is SHA-1 (D19).",
                 given=custom(hash="SHA256", mark=""))
    rule.refuses("sha1_marked_as_sha256", "signature_mismatch", "The marker says what is tried.",
                 given=custom(mark="SHA256"))
    rule.refuses("sha256_marked_as_sha1", "signature_mismatch", "The marker says what is tried.",
                 given=custom(hash="SHA256", mark="SHA1"))
    for name, marker in (("in_small_letters", "sha256"), ("with_a_hyphen", "SHA-256"),
                         ("sha512", "SHA512"), ("md5", "MD5"), ("with_a_space", "SHA256 x")):
        rule.refuses(f"unsupported_{name}", "hash_unsupported", "Exactly SHA1 or SHA256 (D19).",
                     given=custom(hash="SHA256", mark=marker))


def keys():
    rule = Cases("keys")
    good = custom()
    only_b = {B: f"keys/{KEY_FILES[B]}.public.pem"}
    rule.refuses("no_pass_at_all", "no_pass", "Without any pass the viewer is refused.")
    rule.refuses("other_cookies_only", "no_pass", "Cookies of other names are no pass.",
                 given="session=1; theme=dark; Policy=x")
    rule.refuses("own_parameters_only", "no_pass", "Parameters of other names are no pass.",
                 url=URL + "?policy=1&key-pair-id=2")
    rule.refuses("key_id_missing", "key_id_missing", "The pass names no key.", given=good.but(key_id=None))
    rule.refuses("key_id_empty", "key_id_missing", "An empty key ID is none.", given=good.but(key_id=""))
    rule.refuses("key_id_missing_in_a_url", "key_id_missing", "The pass names no key.",
                 url=good.but(key_id=None).on(URL))
    rule.refuses("key_id_empty_in_a_url", "key_id_missing", "An empty key ID is none.",
                 url=good.but(key_id="").on(URL))
    rule.refuses("pem_text_for_a_key_id", "key_id_malformed", "The key itself in place of its ID.",
                 given=good.but(key_id="-----BEGIN PUBLIC KEY-----MIIB"))
    rule.refuses("key_id_with_a_dot", "key_id_malformed", "Letters, digits, _ and - only.",
                 given=good.but(key_id=A + "."))
    rule.refuses("key_id_of_129_characters", "key_id_malformed", "At most 128 characters.",
                 given=good.but(key_id="K" * 129))
    rule.refuses("key_id_of_128_characters", "key_unknown", "128 characters are an ID, here unknown.",
                 given=good.but(key_id="K" * 128))
    rule.refuses("key_id_percent_encoded", "key_id_malformed", "Key IDs are not decoded.",
                 url=good.but(key_id="%4B" + A[1:]).on(URL))
    rule.refuses("key_id_unknown", "key_unknown", "No trusted key has this ID.",
                 given=good.but(key_id="K2SOMEBODYELSE"))
    rule.refuses("key_id_in_small_letters", "key_unknown", "Key IDs are case-sensitive.",
                 given=good.but(key_id=A.lower()))
    rule.refuses("key_not_trusted_here", "key_unknown", "A good pass under a key that is not trusted here.",
                 given=good, keys=only_b)
    rule.refuses("no_keys_at_all", "key_unknown", "A guarded place without keys stays closed (D14).",
                 given=good, keys={})
    rule.refuses("another_keys_id", "signature_mismatch", "The ID picks the one key that is tried.",
                 given=good.but(key_id=B))
    rule.refuses("an_rsa_pass_under_a_p256_id", "signature_mismatch", "The stored key tells the algorithm (D30).",
                 given=good.but(key_id=P))
    rule.admits("another_trusted_key", "Any of the trusted keys will do.", given=custom(key=B))
    rule.refuses("unknown_key_before_a_broken_policy", "key_unknown",
                 "The key is looked up before the policy is read (section 7.5).",
                 given=signed("{}").but(key_id="K2SOMEBODYELSE"))
    rule.refuses("broken_policy_before_a_broken_signature", "policy_malformed",
                 "The policy is read before the signature (section 7.5).",
                 given=good.but(policy="!", signature="!"))
    rule.refuses("broken_signature_before_an_unsupported_hash", "signature_undecodable",
                 "The signature is decoded before the marker is read (section 7.5).",
                 given=good.but(signature="!", hash="MD5"))
    rule.refuses("policy_and_expiry_missing", "policy_missing", "A pass says until when.",
                 given=good.but(policy=None))
    rule.refuses("policy_empty", "policy_missing", "An empty policy is none (D1).", given=good.but(policy=""))
    rule.refuses("expires_empty", "policy_missing", "An empty expiry is none.",
                 given=canned().but(expires=""))
    rule.refuses("small_rsa_key", "key_unknown", "RSA-1024 is not accepted (D31).",
                 given=custom(key=SMALL), keys=legacy_keys())
    rule.refuses("large_rsa_key", "key_unknown", "RSA-4096 is not accepted (D31).",
                 given=custom(key=LARGE), keys=legacy_keys())
    rule.admits("small_rsa_key_as_legacy", "RSA-1024 where old keys are allowed (D31).",
                given=custom(key=SMALL), keys=legacy_keys(), legacy=True)
    rule.admits("large_rsa_key_as_legacy", "RSA-4096 where old keys are allowed (D31).",
                given=custom(key=LARGE), keys=legacy_keys(), legacy=True)
    for kind, make in (("custom", custom), ("canned", canned)):
        rule.admits(f"p256_{kind}_cookies", "ECDSA with SHA-1, as the marker is absent.",
                    given=make(key=P), ecdsa=True)
        rule.admits(f"p256_{kind}_sha256_url", "ECDSA with SHA-256 and its marker.",
                    url=make(key=P, hash="SHA256").on(URL), ecdsa=True)
    rule.refuses("p256_sha256_unmarked", "signature_mismatch", "ECDSA follows the marker as RSA does.",
                 given=custom(key=P, hash="SHA256", mark=None), ecdsa=True)
    raw = policy().encode()
    r, s = decode_dss_signature(sign(raw, P, None))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    high, low = max(s, order - s), min(s, order - s)
    ec_pass = signed(raw, key=P)
    for name, value in (("high", high), ("low", low)):
        rule.admits(f"p256_with_a_{name}_s", "Both forms of s are accepted (D32).",
                    given=ec_pass.but(signature=safe(encode_dss_signature(r, value))), ecdsa=True)
    rule.refuses("p256_raw_instead_of_der", "signature_mismatch", "ECDSA signatures are DER only (D32).",
                 given=ec_pass.but(signature=safe(r.to_bytes(32, "big") + s.to_bytes(32, "big"))), ecdsa=True)
    rule.refuses("p256_der_with_trailing_bytes", "signature_mismatch", "DER, and nothing after it (D32).",
                 given=ec_pass.but(signature=safe(encode_dss_signature(r, s) + b"\0")), ecdsa=True)
    rule.refuses("p256_zeros", "signature_mismatch", "r and s of zero fit nothing.",
                 given=ec_pass.but(signature=safe(encode_dss_signature(0, 0))), ecdsa=True)
    rule.refuses("p256_garbage", "signature_mismatch", "Decodable garbage is a mismatch (D32).",
                 given=ec_pass.but(signature="AAAA"), ecdsa=True)


def legacy_keys():
    return {key_id: f"keys/{KEY_FILES[key_id]}.public.pem" for key_id in (SMALL, LARGE)}


def addresses():
    rule = Cases("address")

    def case(name, ip, viewer, about, outcome=None, **more):
        given = custom(ALL, ip=ip)
        if outcome is None:
            rule.admits(name, about, given=given, viewer=viewer, **more)
        else:
            rule.refuses(name, outcome, about, given=given, viewer=viewer, **more)

    no, malformed = "address_not_allowed", "policy_malformed"
    case("the_one_address", "192.0.2.7/32", "192.0.2.7", "A single address, written /32.")
    case("the_next_address", "192.0.2.7/32", "192.0.2.8", "A single address is one address.", no)
    case("a_bare_address", "192.0.2.7", "192.0.2.7", "A bare address is /32 (D21).")
    case("a_bare_address_of_another", "192.0.2.7", "192.0.2.8", "A bare address is /32 (D21).", no)
    case("first_of_a_range", "192.0.2.0/24", "192.0.2.0", "The first address belongs to the range.")
    case("last_of_a_range", "192.0.2.0/24", "192.0.2.255", "The last address belongs to the range.")
    case("just_after_a_range", "192.0.2.0/24", "192.0.3.0", "The next address does not.", no)
    case("a_range_that_is_no_octet", "10.16.0.0/12", "10.31.255.255", "Prefixes need not be whole octets.")
    case("just_after_a_range_that_is_no_octet", "10.16.0.0/12", "10.32.0.0", "Prefixes are counted in bits.", no)
    case("host_bits_are_masked", "192.0.2.7/24", "192.0.2.99", "Host bits are masked (D21).")
    case("anyone_over_ipv4", "0.0.0.0/0", "203.0.113.9", "0.0.0.0/0 means anyone (D21).")
    case("anyone_over_ipv6", "0.0.0.0/0", "2001:db8::9", "0.0.0.0/0 means anyone, over IPv6 too (D21).")
    case("anyone_over_ipv6_in_cloudfront", "0.0.0.0/0", "2001:db8::9",
         "0.0.0.0/0 means anyone, over IPv6 too (D21).", reading="strict")
    case("an_ipv6_viewer_with_an_ipv4_range", "192.0.2.0/24", "2001:db8::9",
         "An IPv6 viewer is in no IPv4 range (D21).", no)
    case("an_ipv6_viewer_with_half_of_ipv4", "0.0.0.0/1", "2001:db8::9",
         "Only 0.0.0.0/0 means anyone (D21).", no)
    case("a_mapped_viewer", "192.0.2.0/24", "::ffff:192.0.2.7",
         "An IPv4 address inside IPv6 is unwrapped (D21).")
    case("a_mapped_viewer_outside", "192.0.2.0/24", "::ffff:198.51.100.7",
         "An IPv4 address inside IPv6 is unwrapped (D21).", no)
    case("a_mapped_viewer_in_cloudfront", "192.0.2.0/24", "::ffff:192.0.2.7",
         "An IPv4 address inside IPv6 is unwrapped (D21).", reading="strict")
    case("an_ipv6_range", "2001:db8::/32", "2001:db8:1::9", "IPv6 ranges are an extension (D21).")
    case("an_ipv6_range_of_others", "2001:db8::/32", "2001:db9::9", "IPv6 ranges are an extension (D21).", no)
    case("a_bare_ipv6_address", "2001:db8::9", "2001:db8:0:0::9", "A bare IPv6 address is /128.")
    case("an_ipv4_viewer_with_an_ipv6_range", "2001:db8::/32", "192.0.2.7",
         "An IPv4 viewer is in no IPv6 range.", no)
    case("an_ipv6_range_is_not_cloudfront", "2001:db8::/32", "2001:db8::9",
         "CloudFront knows IPv4 only (D21).", malformed, reading="strict")
    case("an_ipv6_range_is_not_cloudfront_for_ipv4_viewers", "2001:db8::/32", "192.0.2.7",
         "CloudFront knows IPv4 only (D21).", malformed, reading="strict")
    case("two_ranges", ["192.0.2.0/24", "198.51.100.0/24"], "192.0.2.7", "One range only.", malformed)
    case("two_ranges_in_one_text", "192.0.2.0/24,198.51.100.0/24", "192.0.2.7", "One range only.", malformed)
    for name, text in (("empty", ""), ("a_prefix_of_33", "10.0.0.0/33"), ("an_octet_of_300", "300.1.1.1"),
                       ("three_octets", "10.0.0/8"), ("a_leading_zero", "010.0.0.1/32"),
                       ("a_leading_space", " 192.0.2.7"), ("a_netmask", "10.0.0.0/255.0.0.0"),
                       ("a_prefix_missing", "10.0.0.0/"), ("a_negative_prefix", "10.0.0.0/-1"),
                       ("a_prefix_with_a_zero", "10.0.0.0/08"), ("a_prefix_with_a_plus", "10.0.0.0/+8"),
                       ("a_port", "192.0.2.7:80"), ("a_name", "localhost"), ("a_star", "*"),
                       ("a_zone", "fe80::1%eth0"), ("an_ipv6_prefix_of_129", "2001:db8::/129"),
                       ("an_integer", "3221225991")):
        case(f"malformed_{name}", text, "192.0.2.7", "Not an address or a range (D21).", malformed)
    until = '"DateLessThan":{"AWS:EpochTime":%d}' % SOON
    for name, member in (("a_number", '{"AWS:SourceIp":1}'), ("null", '{"AWS:SourceIp":null}'),
                         ("an_empty_object", "{}"), ("a_bare_text", '"192.0.2.7"')):
        rule.refuses(f"condition_is_{name}", malformed, "IpAddress holds one text.",
                     given=signed('{"Statement":[{"Resource":"*","Condition":{%s,"IpAddress":%s}}]}'
                                  % (until, member)))
    rule.refuses("the_resource_is_asked_before_the_address", "resource_not_covered",
                 "Window, resource, address: in this order.",
                 given=custom(SITE + "/x/*", ip="198.51.100.7"))
    rule.refuses("the_window_is_asked_before_the_resource", "expired",
                 "Window, resource, address: in this order.",
                 given=custom(SITE + "/x/*", expires=NOW, ip="198.51.100.7"))


def url_mode():
    rule = Cases("url_mode")
    good, other = custom(), custom(SITE + "/other/*")
    rule.admits("parameters_in_any_order", "The order of the parameters is free.",
                url=f"{URL}?Signature={good.signature}&Key-Pair-Id={A}&Policy={good.policy}")
    rule.admits("own_parameters_around_the_pass", "Own parameters may stand anywhere.",
                url=f"{URL}?px=256&Signature={custom(URL + '?*').signature}&x&Key-Pair-Id={A}"
                    f"&Policy={custom(URL + '?*').policy}&z=1")
    rule.admits("cookie_values_as_parameters", "The two carriers are not kept apart.", url=other.on(SITE + "/other/x"))
    rule.admits("a_good_url_beside_bad_cookies", "A URL with a pass is judged alone.",
                given="CloudFront-Policy=x; CloudFront-Signature=y; CloudFront-Key-Pair-Id=z", url=good.on(URL))
    rule.refuses("a_bad_url_beside_good_cookies", "resource_not_covered", "A URL with a pass is judged alone.",
                 given=good, url=other.on(URL))
    for name, query in (("expires", "Expires=1"), ("policy", "Policy=x"), ("signature", "Signature=x"),
                        ("hash_algorithm", "Hash-Algorithm=SHA1"), ("an_empty_value", "Expires="),
                        ("no_equals_sign", "Policy")):
        rule.refuses(f"one_reserved_name_switches_cookies_off_{name}", "key_id_missing",
                     "Any reserved name makes it a signed URL, and good cookies are not looked at (D20).",
                     given=custom(URL + "*"), url=f"{URL}?{query}")
    rule.refuses("a_key_id_alone_switches_cookies_off", "policy_missing",
                 "Any reserved name makes it a signed URL (D20).", given=custom(URL + "*"),
                 url=f"{URL}?Key-Pair-Id={A}")
    rule.admits("names_in_small_letters_are_own", "Reserved names are case-sensitive (D20).",
                given=custom(URL + "?*"), url=URL + "?expires=1&policy=2&signature=3&key-pair-id=4&hash-algorithm=5")
    rule.admits("percent_encoded_names_are_own", "Reserved names are compared as raw bytes (D20).",
                given=custom(URL + "?*"), url=URL + "?%50olicy=1")
    rule.admits("longer_names_are_own", "Reserved names are compared whole (D20).",
                given=custom(URL + "?*"), url=URL + "?X-Policy=1&Expires2=2&ExpiresAt")
    rule.admits("only_ampersands_separate", "A semicolon separates nothing.",
                given=custom(URL + "?*"), url=URL + "?a=1;Policy=x")
    rule.admits("policy_wins_over_expires", "With both, Expires is ignored (D1).",
                url=good.but(expires="1").on(URL))
    rule.refuses("policy_wins_even_if_it_is_the_bad_one", "signature_mismatch",
                 "With both, Expires is ignored (D1).",
                 url=canned().but(policy=other.policy).on(URL))
    rule.admits("an_empty_policy_leaves_expires", "An empty Policy counts as absent (D1).",
                url=canned().but(policy="").on(URL))
    for name, extra in (("policy", f"Policy={good.policy}"), ("signature", f"Signature={good.signature}"),
                        ("key_id", f"Key-Pair-Id={A}"), ("hash", "Hash-Algorithm=SHA1&Hash-Algorithm=SHA1"),
                        ("empty_policy", "Policy=")):
        rule.refuses(f"{name}_repeated", "parameter_repeated", "A reserved parameter twice is refused (D2).",
                     url=good.on(URL) + "&" + extra)
    rule.refuses("expires_repeated", "parameter_repeated", "A reserved parameter twice is refused (D2).",
                 url=canned().on(URL + "?Expires=1"))
    rule.refuses("repeated_before_the_key_is_asked", "parameter_repeated",
                 "Repetition is noticed before anything else (D2).", url=URL + "?Policy=1&Policy=2")
    rule.admits("own_parameters_may_repeat", "Own parameters may repeat (D2).",
                url=canned(URL + "?k=1&k=2&k=1").on(URL + "?k=1&k=2&k=1"))
    rule.refuses("no_per_key_names_in_urls", "no_pass", "Names with a key ID are for cookies only.",
                 url=f"{URL}?Policy-{A}={good.policy}&Signature-{A}={good.signature}&Key-Pair-Id-{A}={A}")


def cookies():
    rule = Cases("cookies")
    good = custom()
    rule.admits("in_any_order", "The order of the cookies is free.",
                given="; ".join(reversed(good.cookie().split("; "))))
    rule.admits("spread_over_several_headers", "All Cookie headers count (D23).",
                given=good.cookie().split("; "))
    rule.admits("among_other_cookies", "Other cookies do not disturb.",
                given="a=1; " + good.cookie().replace("; ", "; b=2; ") + "; c=\"3\"")
    rule.admits("stray_attributes", "Tokens that a clumsy client copied are ignored (D23).",
                given=good.cookie() + "; Domain=media.example.com; Path=/*; Secure; HttpOnly")
    rule.admits("no_space_after_the_semicolon", "Space around a cookie is trimmed (D23).",
                given=good.cookie().replace("; ", ";"))
    rule.admits("more_space_and_empty_tokens", "Space around a cookie is trimmed (D23).",
                given=" ;; " + good.cookie().replace("; ", " ;\t ;  ") + " ; ")
    rule.admits("canned_with_a_query", "Canned cookies cover the URL with its query.",
                given=canned(PAGE), url=PAGE)
    rule.refuses("names_in_small_letters", "no_pass", "Cookie names are case-sensitive (D23).",
                 given=good.cookie().replace("CloudFront", "cloudfront"))
    rule.refuses("names_without_prefix", "no_pass", "Cookie names are exact (D23).",
                 given=good.cookie().replace("CloudFront-", ""))
    rule.refuses("space_before_the_equals_sign", "no_pass", "Names are exact (D23).",
                 given=good.cookie().replace("=", " ="))
    rule.refuses("values_in_quotes", "policy_malformed", "Values are not unquoted (D23).",
                 given=good.but(policy=f'"{good.policy}"'))
    rule.refuses("values_percent_encoded", "signature_undecodable", "Values are not percent-decoded (D23).",
                 given=good.but(signature=good.signature.replace("_", "%5F")))
    rule.refuses("only_a_key_id", "policy_missing", "A pass has a policy.", given=f"CloudFront-Key-Pair-Id={A}")
    rule.refuses("only_a_policy", "key_id_missing", "A pass names its key.",
                 given=f"CloudFront-Policy={good.policy}")
    rule.admits("policy_beside_an_old_expires", "Policy wins, and the left-over Expires does no harm (D1).",
                given=good.but(expires="1"))
    rule.admits("policy_beside_an_old_expires_in_cloudfront", "Policy wins over Expires (D1).",
                given=good.but(expires="1"), reading="strict")
    rule.admits("an_empty_policy_beside_expires", "An empty policy counts as absent (D1).",
                given=canned().but(policy=""))
    rule.admits("an_empty_policy_beside_expires_in_cloudfront", "An empty policy counts as absent (D1).",
                given=canned().but(policy=""), reading="strict")


def sets():
    rule = Cases("sets")
    good = custom().cookie()
    other = custom(SITE + "/other/*").cookie()
    hashed = custom(hash="SHA256").cookie()
    over = custom(expires=NOW - 1).cookie()

    def both(name, about, given, strict=None):
        """Admitted by us; in CloudFront's reading refused for `strict`, or admitted."""
        rule.admits(name, about, given=given)
        if strict:
            rule.refuses(f"{name}_but_not_by_cloudfront", strict,
                         "CloudFront takes the first cookie of each name (D3).",
                         given=given, reading="strict")
        else:
            rule.admits(f"{name}_also_by_cloudfront", "CloudFront takes the first cookie of each name (D3).",
                        given=given, reading="strict")

    both("the_first_set_fits", "The first of two sets admits.", f"{good}; {other}")
    both("the_second_set_fits", "Each set is tried (D3).", f"{other}; {good}", "resource_not_covered")
    both("an_expired_set_first", "An expired set in front does no harm.", f"{over}; {good}", "expired")
    both("the_same_set_twice", "A set sent twice is a set.", f"{good}; {good}")
    rule.admits("sets_over_two_headers", "Each set may have its own header.", given=[other, good])
    rule.admits("sets_sorted_by_name", "The n-th of each name belong together.",
                given="; ".join(sorted(f"{other}; {good}".split("; "), key=lambda pair: pair.split("=")[0])))
    rule.admits("a_canned_and_a_custom_set", "The n-th Policy or Expires goes with the n-th signature.",
                given=f"{custom(SITE + '/other/*').cookie()}; {canned().cookie()}")
    rule.admits("a_canned_set_first_and_a_custom_set", "The n-th Policy or Expires goes with the n-th signature.",
                given=f"{canned(SITE + '/other').cookie()}; {good}")
    rule.admits("a_custom_set_and_an_old_canned_set", "A left-over canned set does no harm.",
                given=f"{good}; {canned(expires=NOW - 1).cookie()}")
    rule.refuses("no_set_fits", "resource_not_covered", "Two sets, and neither covers the request.",
                 given=f"{other}; {custom(SITE + '/third/*').cookie()}")
    rule.refuses("all_sets_expired", "expired", "Two sets, and both are over.",
                 given=f"{over}; {custom(ALL, expires=NOW).cookie()}")
    eight = [custom(f"{SITE}/{n}/*").cookie() for n in range(7)]
    rule.admits("the_eighth_set_fits", "Eight sets are tried.", given="; ".join(eight + [good]))
    rule.refuses("the_ninth_set_is_not_tried", "resource_not_covered", "No more than eight sets are tried.",
                 given="; ".join(eight + [other, good]))
    both("a_lone_policy_in_front", "Half a set in front of a good one does no harm.",
         f"CloudFront-Policy={custom(SITE + '/other/*').policy}; {good}", "signature_mismatch")
    both("a_lone_signature_in_front", "Half a set in front of a good one does no harm.",
         f"CloudFront-Signature={custom(SITE + '/other/*').signature}; {good}", "signature_mismatch")
    both("a_lone_key_id_in_front", "Half a set in front of a good one does no harm.",
         f"CloudFront-Key-Pair-Id={B}; {good}", "signature_mismatch")
    both("an_unknown_key_id_in_front", "Half a set in front of a good one does no harm.",
         f"CloudFront-Key-Pair-Id=K2SOMEBODYELSE; {good}", "key_unknown")
    both("garbage_in_front", "Garbage in front of a good set does no harm.",
         f"CloudFront-Policy=undefined; CloudFront-Signature=!; {good}", "policy_malformed")
    both("garbage_behind", "Garbage behind a good set does no harm.",
         f"{good}; CloudFront-Policy=undefined; CloudFront-Signature=!")
    both("a_broken_set_in_front", "A whole set of garbage in front does no harm.",
         f"CloudFront-Policy=x; CloudFront-Signature=!; CloudFront-Key-Pair-Id={A}; {good}", "policy_malformed")
    both("a_lone_policy_beside_a_canned_set",
         "A policy without its own signature is half a set, and the canned set beside it is good.",
         f"CloudFront-Policy={custom(SITE + '/other/*').policy}; {canned().cookie()}", "signature_mismatch")
    first, second = custom(SITE + "/other/*"), custom()
    both("one_key_id_for_two_sets", "When the counts differ, other combinations are tried.",
         f"CloudFront-Policy={first.policy}; CloudFront-Policy={second.policy}; "
         f"CloudFront-Signature={first.signature}; CloudFront-Signature={second.signature}; "
         f"CloudFront-Key-Pair-Id={A}", "resource_not_covered")
    both("a_marker_in_the_second_set_only", "Each set may have its own hash.",
         f"{other}; {hashed}", "signature_mismatch")
    both("a_marker_in_the_first_set_only", "Each set may have its own hash.",
         f"{custom(SITE + '/other/*', hash='SHA256').cookie()}; {good}", "resource_not_covered")
    rule.refuses("parts_of_two_sets_do_not_make_one", "signature_mismatch",
                 "A policy of one set and a signature of another fit nowhere.",
                 given=f"CloudFront-Policy={second.policy}; CloudFront-Signature={first.signature}; "
                       f"CloudFront-Key-Pair-Id={A}")


def per_key_names():
    rule = Cases("per_key_names")
    good, other = custom(), custom(SITE + "/other/*")
    rule.admits("a_set_named_after_its_key", "Cookies may be named after their key.", given=good.cookie(f"-{A}"))
    rule.refuses("a_set_named_after_its_key_but_not_by_cloudfront", "no_pass",
                 "CloudFront knows the plain names only.", given=good.cookie(f"-{A}"), reading="strict")
    rule.admits("canned_named_after_its_key", "Canned cookies, too.", given=canned().cookie(f"-{A}"))
    rule.admits("sha256_named_after_its_key", "The hash marker, too.",
                given=custom(hash="SHA256").cookie(f"-{A}"))
    rule.admits("two_keys_side_by_side", "Sets of two keys do not collide.",
                given=f"{other.cookie('-' + A)}; {custom(key=B).cookie('-' + B)}")
    rule.admits("beside_plain_names_that_do_not_fit", "Plain names and names with a key ID are both tried.",
                given=f"{other.cookie()}; {good.cookie('-' + A)}")
    rule.admits("beside_plain_names_that_fit", "Plain names and names with a key ID are both tried.",
                given=f"{other.cookie('-' + A)}; {good.cookie()}")
    rule.admits("plain_names_beside_them_in_cloudfront", "CloudFront sees the plain names only.",
                given=f"{other.cookie('-' + A)}; {good.cookie()}", reading="strict")
    rule.admits("beside_a_set_of_an_unknown_key", "A set of a key that is gone does no harm.",
                given=f"{good.but(key_id='K2GONEWITHWIND').cookie('-K2GONEWITHWIND')}; {good.cookie('-' + A)}")
    rule.refuses("of_an_unknown_key", "key_unknown", "Names make no key trusted.",
                 given=good.but(key_id="K2SOMEBODYELSE").cookie("-K2SOMEBODYELSE"))
    rule.refuses("parts_of_two_names_do_not_make_a_set", "resource_not_covered",
                 "A policy named after one key does not go with cookies of another.",
                 given=f"{other.cookie('-' + A)}; {custom(SITE + '/third/*', key=B).cookie('-' + B)}")
    rule.refuses("expired_under_its_own_name", "expired", "The rules are the same.",
                 given=good.cookie(f"-{A}"), at=SOON)
    rule.refuses("a_longer_plain_name", "no_pass", "CloudFront-PolicyX is no name of ours.",
                 given=good.cookie("X"))


def peers():
    rule = Cases("peers")
    good = custom()
    rule.refuses("a_policy_for_one_file_opens_another", "resource_not_covered",
                 "Seen elsewhere: the resource of a policy was never compared.",
                 given=good, url=SITE + "/v/b.mp4")
    rule.refuses("a_policy_without_an_expiry", "policy_malformed",
                 "Seen elsewhere: a policy without DateLessThan was accepted.",
                 given=signed('{"Statement":[{"Resource":"*","Condition":{}}]}'))
    rule.refuses("the_second_of_expiry_admits", "expired", "Seen elsewhere: now <= expiry.",
                 url=good.on(URL), at=SOON)
    rule.refuses("cookies_win_over_the_url", "expired",
                 "Seen elsewhere: good cookies saved an expired URL.",
                 given=good, url=custom(expires=NOW).on(URL))
    rule.admits("the_query_is_sorted_before_rebuilding", "Seen elsewhere: the own query was sorted.",
                url=canned(SITE + "/a?z=1&a=2").on(SITE + "/a?z=1&a=2"))
    rule.admits("the_query_is_encoded_again_before_rebuilding",
                "Seen elsewhere: the own query was decoded and encoded again.",
                url=canned(SITE + "/a?q=%7e+x'(y)%2F/").on(SITE + "/a?q=%7e+x'(y)%2F/"))
    rule.admits("the_path_is_decoded_before_rebuilding", "Seen elsewhere: the path was decoded.",
                url=canned(SITE + "/my%20file%28%29.mp4").on(SITE + "/my%20file%28%29.mp4"))
    rule.admits("repeated_own_parameters_collapse", "Seen elsewhere: parameters became a map.",
                url=canned(SITE + "/a?k=2&k=1").on(SITE + "/a?k=2&k=1"))
    rule.refuses("repeated_reserved_parameters_collapse", "parameter_repeated",
                 "Seen elsewhere: parameters became a map, and one of two policies was taken.",
                 url=good.on(URL) + f"&Policy={custom(ALL).policy}")
    rule.refuses("the_scheme_is_not_compared", "resource_not_covered",
                 "Seen elsewhere: the scheme of the socket was taken for the viewer's.",
                 given=custom(SITE + "/*"), url="http://media.example.com/v/a.mp4")
    rule.refuses("wildcards_backtrack", "resource_not_covered",
                 "Seen elsewhere: wildcards became a regular expression that backtracks.",
                 given=custom(SITE + "/" + "a*" * 40 + "b"), url=SITE + "/" + "a" * 2000)
    rule.refuses("signs_of_a_regular_expression_are_plain", "resource_not_covered",
                 "Seen elsewhere: wildcards became a regular expression, and a dot matched anything.",
                 given=custom(SITE + "/v.a+(b)[c]*"), url=SITE + "/vxaa(b)c")
    rule.admits("signs_of_a_regular_expression_match_themselves", "A dot is a dot, a plus is a plus.",
                given=custom(SITE + "/v.a+(b)[c]{2}|$^*"), url=SITE + "/v.a+(b)[c]{2}|$^")
    rule.refuses("a_claim_left_out_crashes", "policy_malformed",
                 "Seen elsewhere: a token without a claim crashed the gate.",
                 given=signed('{"Statement":[{}]}'))
    rule.refuses("a_parameter_cut_short_crashes", "signature_undecodable",
                 "Seen elsewhere: a truncated parameter was read past its end.",
                 url=good.on(URL).replace("Signature=" + good.signature, "Signature=" + good.signature[:5]))
    rule.refuses("a_parameter_without_a_value_crashes", "key_id_missing",
                 "Seen elsewhere: a truncated parameter was read past its end.", url=URL + "?Key-Pair-Id")
    rule.refuses("a_pattern_without_an_end", "resource_not_covered",
                 "Seen elsewhere: a pattern without anchors matched a prefix.",
                 given=custom(SITE + "/v/a"), url=SITE + "/v/a/secret")
    rule.refuses("a_pattern_without_a_start", "resource_not_covered",
                 "Seen elsewhere: a pattern without anchors matched in the middle.",
                 given=custom("https://example.com/*"), url="https://evil.example/https://example.com/x")
    rule.refuses("a_captured_signature_fits_any_path", "signature_mismatch",
                 "Seen elsewhere: the path was not part of what was signed.",
                 url=canned().on(SITE + "/v/secret.mp4"))
    rule.refuses("unsigned_requests_pass", "no_pass", "Seen elsewhere: no signature, no check.")
    rule.refuses("a_fragment_leads_around_the_gate", "resource_not_covered",
                 "Seen elsewhere: what followed # was compared with an allow list.",
                 given=custom(SITE + "/public/*"), url=SITE + "/private#/public/")
    rule.refuses("dot_segments_lead_around_the_gate", "resource_not_covered",
                 "Seen elsewhere: the raw path matched, the origin served the normalised one.",
                 given=custom(SITE + "/public/*"), url=SITE + "/public/./../private")
    rule.refuses("double_slashes_lead_around_the_gate", "resource_not_covered",
                 "Seen elsewhere: //private was not /private to the gate, but to the origin.",
                 given=custom(SITE + "/?/private*"), url=SITE + "///private")
    rule.refuses("encoded_slashes_are_folders", "resource_not_covered",
                 "Seen elsewhere: %2F was decoded before matching.",
                 given=custom(SITE + "/public/*"), url=SITE + "/public%2Fx")
    rule.refuses("backslashes_are_folders", "resource_not_covered",
                 "Seen elsewhere: a backslash was a slash.",
                 given=custom(SITE + "/public/*"), url=SITE + "/public\\x")
    rule.refuses("encoded_dots_match_plain_ones", "resource_not_covered",
                 "Seen elsewhere: %2e was decoded before matching.",
                 given=custom(SITE + "/a.b"), url=SITE + "/a%2eb")
    rule.admits("ipv4_viewers_inside_ipv6_are_strangers",
                "Seen elsewhere: a mapped IPv4 address matched no IPv4 range.",
                given=custom(ip="192.0.2.0/24"), viewer="::ffff:192.0.2.7")
    rule.refuses("hash_markers_in_small_letters", "hash_unsupported",
                 "Seen elsewhere: the marker was compared without regard to case.",
                 given=custom(hash="SHA256", mark="sha256"))
    rule.admits("policy_beside_expires_is_refused",
                "Seen elsewhere: a left-over Expires made a good policy fail.", url=good.but(expires="1").on(URL))
    rule.admits("http_star_is_refused", "Seen elsewhere: http*:// in cookies was refused.",
                given=custom("http*://media.example.com/*"))


def main():
    for make in (window, canned_urls, resource, path, policies, text_forms, hash_markers, keys,
                 addresses, url_mode, cookies, sets, per_key_names, peers):
        make()
    for path_ in sorted((HERE / "rules").glob("*/*.json")):
        if path_ not in Cases.written:
            path_.unlink()
    print(f"{len(Cases.written)} cases")


if __name__ == "__main__":
    main()
