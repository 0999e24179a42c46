// Writes docs/metrics.md: its text, and the table of families, which is made from the code.
#include "app/figures.hpp"
#include "metrics/exposition.hpp"

#include <iostream>

constexpr std::string_view text = R"(# Metrics

Made from the declarations in `server/app`; `metric_reference > docs/metrics.md` writes it again.

With `metrics.listen` in the [configuration](configuration.md), for example `"127.0.0.1:9161"`, the daemon shows its figures in
Prometheus's text format at `/metrics`. The address is one of this machine: the page has neither password nor encryption. Who
collects from elsewhere puts a proxy in front.
`sotto status` shows the same figures at a glance.

## No figure points at a person

Why: [decision 14](adr/0014-figures-of-people-are-shown-in-tens.md). The threshold is ten, for every figure that the table below shows "in tens".

* No label says who, from where or with what: labels are the outcomes and reasons of this table, and your own domains.
* What people do is shown **in tens, rounded down**: 0 to 9 are 0, 129 is 120. So a small server's page does not say that the
  one call of this minute has ended, and a collector that asks every second cannot lay single steps beside what it saw
  somebody do. Each bucket of a histogram is rounded by itself, before they are added up: nothing of it ever
  falls, and its count may lag by nine for each bucket. Its sum is made of the rounded buckets (the middle of
  each): it does not grow with a single call. So no single time to an answer, of a handshake or
  of a commit is on the page.
* A worker that does not answer within a second (`sotto_workers_silent`) stands on the page with what it told last, so no counter falls;
  what there is of something now, such as `sotto_connections`, is of that moment, too.
* Numbers about the server itself (threads, delays, faults, certificates) are exact: an alarm needs the first fault.
* What remains: when the tenth of something happens the figure steps, and whoever knows of the nine others learns of it. An
  address that may read this page is part of the operator's trust.
* `sotto status` shows exact figures: the kernel tells the daemon who asks, and a role must allow it. It leaves no entry in
  the audit log, where one for each look would bury what was done.

## Alarms and dashboard

[packaging/prometheus/sotto.rules.yml](../packaging/prometheus/sotto.rules.yml) has alert rules (`promtool check rules` accepts
them, and `promtool test rules` tries them), [packaging/prometheus/sotto-dashboard.json](../packaging/prometheus/sotto-dashboard.json)
a dashboard for Grafana.

```
scrape_configs:
  - job_name: sotto
    static_configs: [{ targets: ["127.0.0.1:9161"] }]
```

## Families

)";

int main()
{
    sotto::app::Figures figures;
    figures.certificates = {{.name = "example.org"}};
    std::cout << text << sotto::metrics::reference(sotto::app::measured(figures));
    return 0;
}
