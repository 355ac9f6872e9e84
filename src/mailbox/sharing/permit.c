/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "mailbox/sharing/permit.h"

#include "base/check.h"
#include "store/sharing.h"

void
permit_init(struct permit *permit, uint64_t account, struct arena *arena)
{
    *permit = (struct permit){.account = account, .arena = arena};
}

void
permit_need_add(struct permit *permit, const struct permit_need *need)
{
    CHECK(permit->account != 0 && permit->need_count < PERMIT_NEEDS);
    permit->needs[permit->need_count++] = *need;
}

enum permit_answer
permit_refusal(uint32_t rights, uint32_t needs)
{
    /* RFC 4314 section 6. Whether a new mailbox can have a name is not a secret. */
    return (rights & RIGHT_LOOKUP) == 0 && (needs & RIGHT_CREATE) == 0 ? PERMIT_HIDDEN
                                                                       : PERMIT_REFUSED;
}

/* RC_GONE: it was named by its number, and does not exist any more. */
static enum rc
rights_find(const struct permit *permit, const struct permit_need *need,
            struct access_asker *asker, struct store_tx *tx, uint32_t *rights_out,
            struct err *err)
{
    struct access access;
    struct mbox_row row;

    if (need->mbox == 0) {
        const enum rc rc =
            access_find_lazily(tx, asker, need->name, permit->arena, &access, err);
        if (rc == RC_OK)
            *rights_out = access_to(&access, need->rights);
        return rc;
    }
    const enum rc rc = store_mbox_get(tx, need->mbox, permit->arena, &row, err);
    if (rc == RC_NOT_FOUND)
        return err_set(err, RC_GONE, 0, "the mailbox was deleted");
    return rc == RC_OK
               ? access_rights_lazily(tx, asker, need->mbox, permit->arena, rights_out, err)
               : rc;
}

enum rc
permit_check(struct permit *permit, struct registry *registry, struct store_tx *tx,
             uint32_t *rights_out, struct err *err)
{
    struct access_asker asker = {.registry = registry, .user.account = permit->account};
    enum rc rc = RC_OK;

    permit->answer = PERMIT_GIVEN;
    *rights_out = RIGHTS_ALL;
    if (permit->account == 0)
        return RC_OK;
    asker.user.not_as_anyone = registry != NULL && !registry_with_anyone(registry);
    for (uint8_t i = 0; rc == RC_OK && i < permit->need_count; i++) {
        const struct permit_need *need = &permit->needs[i];
        uint32_t rights = 0;
        rc = rights_find(permit, need, &asker, tx, &rights, err);
        if (rc == RC_OK && ((rights & need->rights) != need->rights ||
                            (need->any != 0 && (rights & need->any) == 0))) {
            /* A mailbox that is known by its number is selected, and therefore not a secret. */
            permit->answer =
                need->mbox != 0 ? PERMIT_REFUSED : permit_refusal(rights, need->rights);
            rc = err_set(err, RC_DENIED, 0, "the rights to the mailbox were taken away");
        }
        if (i == 0)
            *rights_out = rights;
    }
    return rc;
}
