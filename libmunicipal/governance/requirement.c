/* Requirements: a number that the print leaves blank says so (Katsushika, knowledge base function 20). */
#include "governance/governance.h"

static muni_status derive(muni__tx *tx, const muni__row *old, muni__row *row) {
    static const char blank[] = "空欄（原本に記載なし）";
    const muni__val *text = &row->v[muni__row_field(row->kind, MUNI_REQUIREMENT_TEXT)];
    (void)tx;
    (void)old;
    row->v[muni__row_field(row->kind, MUNI_REQUIREMENT_SHOWN)] = text->t == MUNI_TYPE_NULL ? muni__val_text(blank, sizeof blank - 1) : *text;
    return MUNI_OK;
}

const muni__hooks muni__requirement_hooks = { derive, NULL, NULL };
