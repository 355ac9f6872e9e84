/* SPDX-License-Identifier: MIT */
/* See the header. A listener's accept runs on a work thread and only makes a session. */
#include "daemon/ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imap/imap.h"
#include "lmtp/lmtp.h"
#include "net/listener.h"
#include "policy/policy.h"

enum { PORTS_MAX = 64, CLOSE_WAIT_MS = 1000 };

struct port {
    struct env *env;
    const struct front_door *door;
    const char *service; /* "imaps" */
    bool tls;            /* TLS from the start */
    size_t proxies;      /* offset of its proxy_networks in struct settings */
    char asked[280];     /* as configured, one address of it */
    struct listener *listener;
};

struct ports {
    struct port ports[PORTS_MAX];
    size_t count;
    struct inherited *inherited; /* borrowed while opening; may be NULL */
    /* why the first address of the service that is being opened was left out */
    struct err left_out;
};

const struct front_door *const port_doors[] = {&imap_door, &lmtp_door, &policy_door, NULL};

/* Reads the present configuration, so a reload takes effect with the next connection. */
static bool
is_proxy(const struct port *port, const struct net_addr *peer)
{
    const struct settings *settings = env_settings(port->env);
    const struct net_prefixes *proxies = (const void *)((const char *)settings + port->proxies);

    return net_prefixes_hold(proxies, peer);
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
    (void)listener;
    log_put(&scope, LOG_E_SERVER_FAILED, "%s", err->text);
}

/* Finds the socket that the previous process had for this address. RC_NOT_FOUND: none. */
static enum rc
adopt(struct ports *ports, struct port *port, const struct listener_config *config,
      struct err *err)
{
    struct inherited *inherited = ports->inherited;

    for (size_t i = 0; inherited != NULL && i < inherited->count; i++) {
        if (inherited->at[i].fd < 0 || strcmp(inherited->at[i].service, port->service) != 0 ||
            strcmp(inherited->at[i].asked, port->asked) != 0)
            continue;
        const enum rc rc = listener_adopt(config, inherited->at[i].fd, &port->listener, err);
        if (rc != RC_OK)
            return rc;
        inherited->at[i].fd = -1;
        listener_own_path(port->listener);
        return RC_OK;
    }
    return RC_NOT_FOUND;
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
    if (path != NULL)
        snprintf(port->asked, sizeof port->asked, "%s", path);
    else
        net_addr_print(addr, port->asked);
    enum rc rc = adopt(ports, port, &config, err);
    if (rc == RC_NOT_FOUND)
        rc = path != NULL ? listener_open_unix(&config, path, &port->listener, err)
                          : listener_open(&config, addr, &port->listener, err);
    if (rc != RC_OK)
        return err_prefix(err, rc, "[%s] listen", like->service);
    ports->count++;
    return RC_OK;
}

/*
 * "::" and "::1" stand for all IPv6 addresses, also as part of "*", of "localhost" and of the
 * default. If the machine has no IPv6, they are left out, provided that the service has
 * another address. Any other address that the machine lacks is an error.
 */
static enum rc
ipv6_left_out(struct ports *ports, const struct port *like, const struct net_addr *addr,
              struct err *err)
{
    char name[NET_ADDR_TEXT];
    struct log_scope scope;

    net_addr_print(addr, name);
    if (!net_addr_is_any(addr) && !net_addr_is_loopback(addr))
        return RC_UNSUPPORTED;
    log_scope_init(&scope, like->env->log, LOG_SERVER, 0);
    log_put(&scope, LOG_E_NO_IPV6, "%s is left out for %s: this machine has no IPv6", name,
            like->service);
    if (ports->left_out.rc == RC_OK && err != NULL)
        ports->left_out = *err;
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
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        rc = port_add(ports, like, &addrs[i], NULL, err);
        if (rc == RC_UNSUPPORTED)
            rc = ipv6_left_out(ports, like, &addrs[i], err);
    }
    return rc;
}

static enum rc
list_add(struct ports *ports, const struct port *like, const struct text_list *list,
         struct err *err)
{
    const size_t before = ports->count;

    ports->left_out.rc = RC_OK;
    for (size_t i = 0; i < list->count; i++) {
        const enum rc rc = endpoint_add(ports, like, list->items[i], err);
        if (rc != RC_OK)
            return rc;
    }
    if (ports->count > before || ports->left_out.rc == RC_OK)
        return RC_OK;
    if (err != NULL)
        *err = ports->left_out; /* there was no other address to listen on */
    return RC_UNSUPPORTED;
}

enum rc
ports_open(struct env *env, const struct config *config, struct inherited *inherited,
           struct ports **out, struct err *err)
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
    const struct port policy = {.env = env,
                                .door = &policy_door,
                                .service = "policy",
                                .proxies = offsetof(struct settings, policy_proxies)};

    if (ports == NULL)
        return err_set(err, RC_LIMIT, 0, "no memory");
    ports->inherited = inherited;
    enum rc rc = list_add(ports, &imap, &config->imap_listen, err);
    if (rc == RC_OK)
        rc = list_add(ports, &imaps, &config->imaps_listen, err);
    if (rc == RC_OK)
        rc = list_add(ports, &lmtp, &config->lmtp_listen, err);
    if (rc == RC_OK)
        rc = list_add(ports, &policy, &config->policy_listen, err);
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

/* A connection that is just being accepted becomes a session first, so that code that counts
 * sessions afterwards counts it too. This does not wait for work threads that are stuck. */
void
ports_close(struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++)
        listener_pause(ports->ports[i].listener);
    for (size_t i = 0, ms = 0; i < ports->count && ms < CLOSE_WAIT_MS; ms++) {
        while (i < ports->count && listener_is_paused(ports->ports[i].listener))
            i++;
        if (i < ports->count)
            usleep(1000);
    }
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

int
ports_get(const struct ports *ports, size_t index, const char **service_out,
          const char **asked_out)
{
    if (index >= ports->count)
        return -1;
    *service_out = ports->ports[index].service;
    *asked_out = ports->ports[index].asked;
    return listener_fd(ports->ports[index].listener);
}

void
ports_pause(struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++)
        listener_pause(ports->ports[i].listener);
    for (size_t i = 0; i < ports->count; i++)
        while (!listener_is_paused(ports->ports[i].listener))
            usleep(1000);
}

void
ports_go_on(struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++)
        listener_go_on(ports->ports[i].listener);
}

void
ports_leave(struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++)
        listener_leave_path(ports->ports[i].listener);
}
