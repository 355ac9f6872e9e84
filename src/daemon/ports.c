/* SPDX-License-Identifier: MIT */
/* See the header. A listener's accept runs on a work thread and only makes a session. */
#include "daemon/ports.h"

#include <stdio.h>
#include <stdlib.h>

#include "imap/imap.h"
#include "lmtp/lmtp.h"
#include "net/listener.h"

enum { PORTS_MAX = 64 };

struct port {
    struct env *env;
    const struct front_door *door;
    const char *service; /* "imaps" */
    bool tls;            /* at once */
    size_t proxies;      /* where struct settings has its proxy_networks */
    struct listener *listener;
};

struct ports {
    struct port ports[PORTS_MAX];
    size_t count;
};

/* As configured now: a reload is heard of at the next connection. */
static bool
is_proxy(const struct port *port, const struct net_addr *peer)
{
    const struct settings *settings = env_settings(port->env);
    const struct proxy_networks *proxies =
        (const void *)((const char *)settings + port->proxies);

    for (size_t i = 0; i < proxies->count; i++)
        if (net_prefix_holds(&proxies->items[i], peer))
            return true;
    return false;
}

static void
on_accept(void *ctx, struct listener *listener, int fd, const struct net_addr *peer)
{
    const struct port *port = ctx;
    const struct arrival arrival = {.fd = fd,
                                    .peer = peer,
                                    .tls = port->tls ? port->env->tls : NULL,
                                    .by_proxy = is_proxy(port, peer)};

    (void)listener;
    session_open(port->env, port->door, &arrival);
}

static void
on_trouble(void *ctx, struct listener *listener, const struct err *err)
{
    const struct port *port = ctx;
    struct log_scope scope;

    log_scope_init(&scope, port->env->log, LOG_SERVER, 0);
    log_put(&scope, LOG_E_SERVER_FAILED, "listener %s: %s", listener_name(listener), err->text);
}

static enum rc
port_add(struct ports *ports, const struct port *like, const struct net_addr *addr,
         const char *path, struct err *err)
{
    if (ports->count == PORTS_MAX)
        return err_set(err, RC_LIMIT, 0, "more than %d listeners", PORTS_MAX);
    struct port *port = &ports->ports[ports->count];
    *port = *like;
    const struct listener_config config = {.poller = like->env->poller,
                                           .on_accept = on_accept,
                                           .on_trouble = on_trouble,
                                           .ctx = port};
    const enum rc rc = path != NULL ? listener_open_unix(&config, path, &port->listener, err)
                                    : listener_open(&config, addr, &port->listener, err);
    if (rc != RC_OK)
        return err_prefix(err, rc, "[%s] listen", like->service);
    ports->count++;
    return RC_OK;
}

static enum rc
endpoint_add(struct ports *ports, const struct port *like, const char *text, struct err *err)
{
    struct net_addr addrs[NET_ENDPOINT_ADDRS];
    struct net_endpoint endpoint;
    size_t count = 0;

    enum rc rc = net_endpoint_parse(span_of_str(text), &endpoint, err);
    if (rc != RC_OK)
        return rc;
    if (endpoint.family == NET_UNIX)
        return port_add(ports, like, NULL, endpoint.path, err);
    rc = net_endpoint_resolve(&endpoint, addrs, &count, err);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = port_add(ports, like, &addrs[i], NULL, err);
    return rc;
}

static enum rc
list_add(struct ports *ports, const struct port *like, const struct text_list *list,
         struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const enum rc rc = endpoint_add(ports, like, list->items[i], err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

enum rc
ports_open(struct env *env, const struct config *config, struct ports **out, struct err *err)
{
    struct ports *ports = calloc(1, sizeof *ports);
    const struct port imap = {.env = env,
                              .door = &imap_door,
                              .service = "imap",
                              .proxies = offsetof(struct settings, imap_proxies)};
    const struct port imaps = {.env = env,
                               .door = &imap_door,
                               .service = "imaps",
                               .tls = true,
                               .proxies = offsetof(struct settings, imaps_proxies)};
    const struct port lmtp = {.env = env,
                              .door = &lmtp_door,
                              .service = "lmtp",
                              .proxies = offsetof(struct settings, lmtp_proxies)};

    if (ports == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    enum rc rc = list_add(ports, &imap, &config->imap_listen, err);
    if (rc == RC_OK)
        rc = list_add(ports, &imaps, &config->imaps_listen, err);
    if (rc == RC_OK)
        rc = list_add(ports, &lmtp, &config->lmtp_listen, err);
    if (rc != RC_OK) {
        ports_free(ports);
        return rc;
    }
    *out = ports;
    return RC_OK;
}

enum rc
ports_begin(struct ports *ports, struct err *err)
{
    for (size_t i = 0; i < ports->count; i++) {
        struct port *port = &ports->ports[i];
        const enum rc rc = listener_begin(port->listener, err);
        if (rc != RC_OK)
            return rc;
        struct log_scope scope;
        log_scope_init(&scope, port->env->log, LOG_SERVER, 0);
        log_put(&scope, LOG_E_SERVER_READY, "listening on %s for %s",
                listener_name(port->listener), port->service);
        printf("%s: listening on %s\n", port->service, listener_name(port->listener));
    }
    fflush(stdout);
    return RC_OK;
}

void
ports_close(struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++)
        listener_close(ports->ports[i].listener);
}

void
ports_free(struct ports *ports)
{
    if (ports == NULL)
        return;
    for (size_t i = 0; i < ports->count; i++)
        listener_free(ports->ports[i].listener);
    free(ports);
}
