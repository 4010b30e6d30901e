"""Model `logistic`: logistic regression on imputed, standardised features."""

from typing import ClassVar, Literal

from pydantic import PositiveFloat, PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits
from planrec.model.fold_proof import FOLD_PROOF, FoldProof
from planrec.model.importances import COEFFICIENTS


class Logistic(Model):
    """Multinomial logistic regression with an L2 penalty."""

    traits: ClassVar[ModelTraits] = ModelTraits(
        is_exact_by_row=False, trusted_types=(FOLD_PROOF, "numpy.dtype"), importance_meaning=COEFFICIENTS
    )

    kind: Literal["logistic"]
    inverse_penalty: PositiveFloat
    "C in scikit-learn: smaller is a stronger L2 penalty."
    max_iter: PositiveInt
    "Most steps of the solver; it warns if they are too few."

    @property
    def takes_weights(self) -> bool:
        """True."""
        return True

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build median imputing, scaling and the regression; the solver (lbfgs) is not random.

        Imputing adds an indicator column for each column with gaps.
        """
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return FoldProof(
            make_pipeline(
                SimpleImputer(strategy="median", add_indicator=True),
                StandardScaler(),
                LogisticRegression(C=self.inverse_penalty, max_iter=self.max_iter, random_state=seed),
            )
        )
